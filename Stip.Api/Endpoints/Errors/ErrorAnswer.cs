using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Errors;

/// <summary>A refusal as the answer of an endpoint.</summary>
internal sealed class ErrorAnswer(Refusal refusal, int? status = null) : IResult
{
    public Task ExecuteAsync(HttpContext httpContext) => WriteAsync(httpContext, refusal, status);

    /// <summary>The body of a refusal.</summary>
    public static ErrorDocument Document(Refusal refusal, int status, string requestId)
    {
        var line = OneLine(refusal.Message);
        return new(
            "about:blank", ReasonPhrases.GetReasonPhrase(status), status, line, requestId,
            new ErrorBody(line, ErrorStatus.TypeOf(status), refusal.Param, refusal.Code.Name()));
    }

    // A message may quote what the caller sent, line ends and control characters included.
    private static string OneLine(string message) => message.Any(char.IsControl)
        ? string.Concat(message.Select(character => char.IsControl(character) ? ' ' : character))
        : message;

    public static async Task WriteAsync(HttpContext context, Refusal refusal, int? status = null)
    {
        var response = context.Response;
        response.StatusCode = status ?? ErrorStatus.Of(refusal.Code);
        if (refusal.RetryAfter is { } wait)
        {
            var seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds));
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        context.RequestServices?.GetService<EngineMetrics>()?.CountRefusal(
            refusal.Code, refusal.Model ?? context.Features.Get<StepTrace>()?.Model);
        var document = Document(refusal, response.StatusCode, context.TraceIdentifier);
        var body = JsonSerializer.SerializeToUtf8Bytes(document, StipJson.Wire);
        response.ContentType = ErrorDocument.MediaType;
        response.ContentLength = body.Length;
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(body, context.RequestAborted);
        }
    }
}
