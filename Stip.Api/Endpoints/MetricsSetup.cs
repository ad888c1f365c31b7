using System.Diagnostics.Metrics;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using Stip.Api.Endpoints.Authentication;
using Stip.Api.Engine;
using Stip.Protocol;
using Stip.Protocol.ApiKeys;

namespace Stip.Api.Endpoints;

/// <summary>Metrics by OpenTelemetry, shown in Prometheus' form to whoever may change every model.</summary>
internal static class MetricsSetup
{
    public static IServiceCollection AddEngineMetrics(this IServiceCollection services)
    {
        services.AddSingleton(provider => new EngineMetrics(
            provider.GetRequiredService<IMeterFactory>().Create(EngineMetrics.MeterName),
            provider.GetRequiredService<CacheBudget>()));
        services.AddOpenTelemetry().ConfigureResource(resource => resource
            .AddService("Stip.Api").AddEnvironmentVariableDetector());
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(
                EngineMetrics.MeterName, "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel",
                "System.Runtime")
            .AddPrometheusExporter());
        return services;
    }

    public static void MapMetrics(this IEndpointRouteBuilder routes) =>
        routes.MapPrometheusScrapingEndpoint(StipRoutes.Metrics).RequireScope(ApiKeyScopes.ModelsWrite)
            .RequireAllModels();
}
