using OpenTelemetry.Trace;
using Stip.Api.Endpoints.Completions;

namespace Stip.Api.Endpoints;

/// <summary>Traces by OTLP, where the settings name a collector.</summary>
internal static class TracingSetup
{
    private const string Setting = "Stip:Api:OtlpEndpoint";

    /// <exception cref="InvalidOperationException">The setting is not an address.</exception>
    public static void AddTracing(this WebApplicationBuilder builder)
    {
        var endpoint = builder.Configuration[Setting];
        if (string.IsNullOrEmpty(endpoint))
        {
            return;
        }

        if (!Uri.TryCreate(endpoint, UriKind.Absolute, out var address))
        {
            throw new InvalidOperationException($"{Setting} '{endpoint}' is not an absolute address");
        }

        builder.Services.AddOpenTelemetry().WithTracing(traces => traces
            .AddSource(StepSpans.SourceName, "Microsoft.AspNetCore")
            .AddOtlpExporter(options => options.Endpoint = address));
    }
}
