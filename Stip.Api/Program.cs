using Microsoft.Extensions.Options;
using Serilog;
using Stip.Api.Endpoints;
using Stip.Api.Registry;
using Stip.Api.Runtime;

try
{
    var builder = WebApplication.CreateBuilder(args);
    builder.AddSharedSettings();
    builder.Services.AddSerilog((services, log) => log.ReadFrom.Configuration(builder.Configuration)
        .ReadFrom.Services(services).WriteTo.Console(
            outputTemplate: "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}",
            formatProvider: System.Globalization.CultureInfo.InvariantCulture));
    builder.Services.AddOnnxRuntime().AddRegistry().AddEndpoints();

    var app = builder.Build();
    app.UseEndpoints();
    app.Lifetime.ApplicationStarted.Register(() => ReadyLine.Write(app));
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is OptionsValidationException or InvalidOperationException or IOException)
{
    foreach (var fault in (e as OptionsValidationException)?.Failures ?? [e.Message])
    {
        await Console.Error.WriteLineAsync(fault);
    }

    return 1;
}
