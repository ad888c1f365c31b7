using System.Text.Json.Serialization;

namespace Stip.Protocol.Errors;

/// <summary>The OpenAI <c>error</c> object that stands in every refusal beside the ProblemDetails fields.</summary>
/// <param name="Message">What was refused, with the value and the allowed range.</param>
/// <param name="Type">OpenAI's class of error, e.g. <c>invalid_request_error</c>.</param>
/// <param name="Param">The field at fault, where there is one.</param>
/// <param name="Code">One of <see cref="StipErrorCodes"/>.</param>
public sealed record ErrorBody(
    string Message,
    string Type,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] string? Param,
    string Code);
