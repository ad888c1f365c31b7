using Stip.Client;
using Stip.Client.Bundles;
using Stip.Gateway.Terminal;
using Stip.Protocol.Errors;

namespace Stip.Gateway.OpenAi;

/// <summary>A request that is refused, as OpenAI's clients read it.</summary>
internal sealed class OpenAiException(int status, string code, string message, string? param = null)
    : Exception(message)
{
    private const string UpstreamFault = "upstream_error";

    public int Status { get; } = status;

    /// <summary>What the server told to wait before it is asked again; null where it told nothing.</summary>
    public TimeSpan? RetryAfter { get; private init; }

    public ErrorBody Body { get; } = new(message, TypeOf(status), param, code);

    /// <summary>A bug, of which the caller learns nothing more.</summary>
    public static OpenAiException Bug() => new(
        StatusCodes.Status500InternalServerError, StipErrorCode.InternalError.Name(), "the gateway failed");

    public static OpenAiException Invalid(string message, string? param) =>
        new(StatusCodes.Status400BadRequest, StipErrorCode.InvalidRequest.Name(), message, param);

    public static OpenAiException Unsupported(string param, string? what = null) =>
        new(
            StatusCodes.Status400BadRequest,
            StipErrorCode.UnsupportedParameter.Name(),
            $"'{param}' is not supported here{(what is null ? "" : $": {what}")}",
            param);

    /// <summary>What a fault of a generation means to the caller; null for bugs.</summary>
    public static OpenAiException? From(Exception fault) => fault switch
    {
        OpenAiException already => already,
        StipException refused =>
            new(StatusOf(refused), refused.Code?.Name() ?? UpstreamFault, refused.Message, refused.Param)
            {
                RetryAfter = refused.RetryAfter,
            },
        RefusedException refused => Invalid(refused.Message, null),
        BundleException or InvalidDataException => Invalid(fault.Message, null),
        _ => null,
    };

    private static int StatusOf(StipException refused) => refused.Code switch
    {
        StipErrorCode.InvalidApiKey => StatusCodes.Status401Unauthorized,
        StipErrorCode.InsufficientScope => StatusCodes.Status403Forbidden,
        StipErrorCode.ModelNotFound => StatusCodes.Status404NotFound,
        StipErrorCode.ContextLengthExceeded => StatusCodes.Status400BadRequest,
        StipErrorCode.RateLimitExceeded => StatusCodes.Status429TooManyRequests,
        StipErrorCode.ServerOverloaded => StatusCodes.Status503ServiceUnavailable,
        // A proxy before the server says it so.
        null when refused.Status is StatusCodes.Status429TooManyRequests or StatusCodes.Status503ServiceUnavailable =>
            refused.Status.Value,
        _ => StatusCodes.Status502BadGateway,
    };

    private static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
