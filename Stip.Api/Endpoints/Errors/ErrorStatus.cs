using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints.Errors;

/// <summary>The one place where refusals become HTTP.</summary>
internal static class ErrorStatus
{
    public static int Of(StipErrorCode code) => code switch
    {
        StipErrorCode.InvalidRequest => StatusCodes.Status400BadRequest,
        StipErrorCode.InvalidApiKey => StatusCodes.Status401Unauthorized,
        StipErrorCode.InsufficientScope => StatusCodes.Status403Forbidden,
        StipErrorCode.ModelNotFound => StatusCodes.Status404NotFound,
        StipErrorCode.ShapeMismatch => StatusCodes.Status400BadRequest,
        StipErrorCode.UnsupportedDtype => StatusCodes.Status400BadRequest,
        StipErrorCode.NonFiniteInput => StatusCodes.Status400BadRequest,
        StipErrorCode.ContextLengthExceeded => StatusCodes.Status400BadRequest,
        StipErrorCode.SessionLost => StatusCodes.Status410Gone,
        StipErrorCode.SessionBusy => StatusCodes.Status409Conflict,
        StipErrorCode.PositionAhead => StatusCodes.Status400BadRequest,
        StipErrorCode.RateLimitExceeded => StatusCodes.Status429TooManyRequests,
        StipErrorCode.ServerOverloaded => StatusCodes.Status503ServiceUnavailable,
        StipErrorCode.PayloadTooLarge => StatusCodes.Status413PayloadTooLarge,
        StipErrorCode.PackageInvalid => StatusCodes.Status422UnprocessableEntity,
        StipErrorCode.ChecksumMismatch => StatusCodes.Status422UnprocessableEntity,
        StipErrorCode.UnsupportedParameter => StatusCodes.Status400BadRequest,
        StipErrorCode.NotFound => StatusCodes.Status404NotFound,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>OpenAI's class of error.</summary>
    public static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
