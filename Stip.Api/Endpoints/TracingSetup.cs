using OpenTelemetry.Trace;
using Stip.Api.Endpoints.Completions;
using Stip.Api.Engine;

namespace Stip.Api.Endpoints;

/// <summary>Traces by OTLP, where the settings name a collector.</summary>
internal static class TracingSetup
{
    private const string Setting = $"{TracingOptions.Section}:{nameof(TracingOptions.OtlpEndpoint)}";
    private const string SuppressTags = "Microsoft.AspNetCore.Hosting.SuppressActivityOpenTelemetryData";

    /// <exception cref="InvalidOperationException">The setting is not an address.</exception>
    public static void AddTracing(this WebApplicationBuilder builder)
    {
        builder.Services.AddSection<TracingOptions>(TracingOptions.Section);
        // From .NET 11 on the host would by default tag its spans with paths, and those of sessions hold their ids.
        AppContext.SetSwitch(SuppressTags, true);
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
