using Microsoft.AspNetCore.HostFiltering;
using Microsoft.Extensions.Options;
using Serilog;
using Serilog.Events;

namespace Stip.DeveloperPortal.Hosting;

/// <summary>Settings, logging and the address: this machine only, unless somebody says otherwise.</summary>
internal static class PortalConfiguration
{
    private const string DefaultUrl = "http://127.0.0.1:5180";
    private static readonly string[] ThisMachine = ["localhost", "127.0.0.1", "[::1]"];

    public static void AddPortalConfiguration(this WebApplicationBuilder builder)
    {
        // Under `dotnet run` the content root is the project folder; the settings file lies beside the program.
        builder.Configuration.Sources.Insert(0, new Microsoft.Extensions.Configuration.Json.JsonConfigurationSource
        {
            FileProvider = new Microsoft.Extensions.FileProviders.PhysicalFileProvider(AppContext.BaseDirectory),
            Path = "appsettings.json",
            Optional = true,
        });
        builder.Host.UseSerilog((context, logger) => logger
            .ReadFrom.Configuration(context.Configuration)
            // A failed start is told in one line at the end of the program.
            .MinimumLevel.Override("Microsoft.Extensions.Hosting.Internal.Host", LogEventLevel.Fatal + 1)
            .WriteTo.Console(formatProvider: System.Globalization.CultureInfo.InvariantCulture));
        builder.Services.AddSingleton<IValidateOptions<PortalOptions>, PortalValidation>();
        builder.Services.AddOptions<PortalOptions>()
            .BindConfiguration(PortalOptions.Section)
            .ValidateDataAnnotations()
            .ValidateOnStart();
        // A page of another site must not reach the portal by giving its own name this address.
        builder.Services.Configure<HostFilteringOptions>(options =>
            options.AllowedHosts = builder.Configuration["AllowedHosts"]?.Split(';') ?? ThisMachine);
        // Only Development reads wwwroot of a build by itself; `dotnet run` without a profile is Production.
        builder.WebHost.UseStaticWebAssets();
        if (string.IsNullOrEmpty(builder.Configuration[WebHostDefaults.ServerUrlsKey]))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }
    }
}
