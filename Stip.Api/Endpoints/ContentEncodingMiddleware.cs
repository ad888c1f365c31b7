using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Endpoints;

/// <summary>Refuses compressed bodies: rows hardly shrink, and a few bytes could unfold into gigabytes.</summary>
internal sealed class ContentEncodingMiddleware(RequestDelegate next)
{
    private const string None = "identity";

    public Task InvokeAsync(HttpContext context)
    {
        var encoding = context.Request.Headers.ContentEncoding;
        return encoding.Count == 0 || (encoding.Count == 1
            && string.Equals(encoding[0], None, StringComparison.OrdinalIgnoreCase))
                ? next(context)
                : ErrorAnswer.WriteAsync(
                    context,
                    new Refusal(
                        StipErrorCode.InvalidRequest, "bodies are taken as they are, not compressed",
                        "Content-Encoding"),
                    StatusCodes.Status415UnsupportedMediaType);
    }
}
