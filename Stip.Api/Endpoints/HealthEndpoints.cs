using Stip.Api.Registry;
using Stip.Protocol;

namespace Stip.Api.Endpoints;

/// <summary>Liveness and readiness, for anybody.</summary>
internal static class HealthEndpoints
{
    // Load balancers ask with either.
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        var health = routes.MapGroup("").AllowAnonymous().WithTags("Health");
        health.MapMethods(StipRoutes.HealthLive, Methods, () => Answer.Json(new HealthStatus("ok")))
            .WithSummary("The process answers");
        health.MapMethods(StipRoutes.HealthReady, Methods, Ready).WithSummary("Models can be asked");
    }

    private static IResult Ready(ServerStartup startup, ModelRegistry registry) => Results.Json(
        Status(startup.IsReady ? "ok" : "loading", registry), StipJson.Wire, statusCode: startup.IsReady ? 200 : 503);

    private static HealthStatus Status(string status, ModelRegistry registry)
    {
        var models = registry.All;
        return new HealthStatus(
            status, models.Count, models.Count(model => model.IsLoaded), models.Count(model => model.IsLoading));
    }

    /// <summary>Numbers only: whoever asks here has shown no key.</summary>
    internal sealed record HealthStatus(string Status, int? Models = null, int? Loaded = null, int? Loading = null);
}
