using Stip.Protocol;

namespace Stip.Api.Endpoints;

/// <summary>Liveness and readiness, for anybody.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").AllowAnonymous().WithTags("Health");
        health.MapGet(StipRoutes.HealthLive, () => Answer.Json(new HealthStatus("ok")))
            .WithSummary("The process answers");
        health.MapGet(StipRoutes.HealthReady, (ServerStartup startup) => startup.IsReady
                ? Answer.Json(new HealthStatus("ok"))
                : Results.Json(new HealthStatus("loading"), StipJson.Wire, statusCode: 503))
            .WithSummary("Models can be asked");
    }

    internal sealed record HealthStatus(string Status);
}
