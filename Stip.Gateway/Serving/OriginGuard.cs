using Stip.Gateway.OpenAi;

namespace Stip.Gateway.Serving;

/// <summary>Refuses what pages of other sites ask a browser to fetch. Together with the refusal of foreign host names
/// (a page that gives its own name this address) only this machine's programs and the gateway's own page are
/// answered.</summary>
internal static class OriginGuard
{
    private const string Code = "cross_origin_request";

    public static void UseOriginGuard(this WebApplication app) => app.Use((context, next) =>
    {
        context.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return IsForeign(context.Request)
            ? throw new OpenAiException(
                StatusCodes.Status403Forbidden, Code, "the gateway answers no page of another site")
            : next(context);
    });

    private static bool IsForeign(HttpRequest request)
    {
        var origin = request.Headers.Origin.ToString();
        if (origin.Length > 0 && origin != $"{request.Scheme}://{request.Host}")
        {
            return true;
        }

        // A link to the page, followed by hand, is no fetch.
        return request.Headers["Sec-Fetch-Site"].ToString() is "cross-site" or "same-site"
            && request.Headers["Sec-Fetch-Mode"].ToString() != "navigate";
    }
}
