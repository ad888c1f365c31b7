namespace Stip.Gateway.Serving;

/// <summary>Where the token is required, nothing of the API is answered without it. The page's files hold no
/// secret.</summary>
internal static class TokenGuard
{
    private const string Api = "/v1";

    public static void UseTokenGuard(this WebApplication app, GatewayToken token)
    {
        if (token.IsRequired)
        {
            app.Use((context, next) =>
            {
                if (context.Request.Path.StartsWithSegments(Api))
                {
                    token.Demand(context.Request, "this gateway");
                }

                return next(context);
            });
        }
    }
}
