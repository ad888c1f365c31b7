using Microsoft.Extensions.Options;
using Serilog;
using Stip.DeveloperPortal.Components;
using Stip.DeveloperPortal.Hosting;
using Stip.DeveloperPortal.Packages;
using Stip.DeveloperPortal.Server;

if (Usage.IsAskedFor(args))
{
    Console.WriteLine(Usage.Text);
    return 0;
}

var builder = WebApplication.CreateBuilder(args);

builder.AddPortalConfiguration();
builder.AddPackages();
builder.AddServerModels();
builder.Services.AddRazorComponents();

var app = builder.Build();

app.UseSerilogRequestLogging();
app.UseHostFiltering();
app.UseAntiforgery();
app.MapStaticAssets();
app.MapRazorComponents<App>();
app.MapGet("/health/live", () => TypedResults.Ok());

try
{
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (e is IOException or FormatException)
{
    // An address that is taken, or is none.
    await Console.Error.WriteLineAsync($"--urls: {e.Message}");
    return 1;
}
catch (OptionsValidationException e)
{
    await Console.Error.WriteLineAsync(string.Join("; ", e.Failures).ReplaceLineEndings(" "));
    return 1;
}
