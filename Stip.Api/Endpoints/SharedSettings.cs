using Microsoft.Extensions.Configuration.Json;

namespace Stip.Api.Endpoints;

/// <summary>The root settings file lies beside the program, wherever that was started from.</summary>
internal static class SharedSettings
{
    /// <summary>Settings count as they are at the start. Watching their files would watch all folders below the working
    /// directory, the data among them.</summary>
    public const string WithoutWatching = "--hostBuilder:reloadConfigOnChange=false";

    /// <summary>Inserts the file first, so that every other source still wins.</summary>
    public static WebApplicationBuilder AddSharedSettings(this WebApplicationBuilder builder)
    {
        var source = new JsonConfigurationSource
        {
            Path = Path.Combine(AppContext.BaseDirectory, "appsettings.json"),
            Optional = true,
            ReloadOnChange = false,
        };
        source.ResolveFileProvider();
        builder.Configuration.Sources.Insert(0, source);
        return builder;
    }
}
