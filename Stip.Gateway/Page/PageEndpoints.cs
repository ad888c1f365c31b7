namespace Stip.Gateway.Page;

/// <summary><c>GET /</c>: a chat page for people who would rather look. It comes whole from this program.</summary>
internal static class PageEndpoints
{
    private const string Start = "index.html";

    private const string ContentSecurityPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void MapPage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/", (HttpContext context) => Answer(context, Start));
        routes.MapGet("/page/{name}", (HttpContext context, string name) => Answer(context, name));
    }

    private static IResult Answer(HttpContext context, string name)
    {
        if (PageFiles.Find(name) is not { } file)
        {
            return Results.NotFound();
        }

        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = ContentSecurityPolicy;
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
        return Results.Bytes(file.Bytes, file.MediaType);
    }
}
