using System.Globalization;
using Serilog;
using Serilog.Events;
using Serilog.Settings.Configuration;

namespace Stip.Api.Endpoints;

/// <summary>Serilog on the console; levels, and what else its settings name, from the settings.</summary>
internal static class LoggingSetup
{
    private const LogEventLevel Off = LogEventLevel.Fatal + 1;
    private const string Line = "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}";

    public static void AddRequestLogging(this WebApplicationBuilder builder) =>
        builder.Services.AddSerilog(
            (services, log) => (NamesMoreThanLevels(builder.Configuration)
                ? log.ReadFrom.Configuration(builder.Configuration)
                : log.ReadFrom.Configuration(builder.Configuration, LevelsOnly()))
            .ReadFrom.Services(services)
            // A wrong key is a line of the request log, the start one of ours.
            .MinimumLevel.Override("Stip.Api.Endpoints.Authentication", LogEventLevel.Warning)
            .MinimumLevel.Override("Microsoft.Hosting.Lifetime", LogEventLevel.Warning)
            // A failed start is told in one line at the end of the program.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", Off)
            // Its lines, and what it adds to the lines of others, hold paths, and those of sessions hold their ids.
            .MinimumLevel.Override("Microsoft.AspNetCore.Hosting.Diagnostics", Off)
            .Filter.ByExcluding(IsTornBody)
            .WriteTo.Console(outputTemplate: Line, formatProvider: CultureInfo.InvariantCulture),
            // Two servers in one process have a log each.
            preserveStaticLogger: true);

    // Kestrel reads on when a caller has gone in the middle of its body: an error with a stack for each, at a caller's
    // will.
    private static bool IsTornBody(LogEvent line) => line.MessageTemplate.Text.Contains(
        "automatic draining of the request body failed", StringComparison.Ordinal);

    // Sinks, enrichers and filters may be of any library beside the program.
    private static bool NamesMoreThanLevels(ConfigurationManager settings) => settings
        .GetSection(ConfigurationLoggerConfigurationExtensions.DefaultSectionName).GetChildren()
        .Any(setting => !setting.Key.Equals("MinimumLevel", StringComparison.OrdinalIgnoreCase));

    // Levels need none, and looking for them in every file there takes a tenth of the start.
    private static ConfigurationReaderOptions LevelsOnly() =>
        new(typeof(ConsoleLoggerConfigurationExtensions).Assembly);
}
