using Microsoft.Extensions.Options;
using Stip.Api.Endpoints;
using Stip.Api.Registry;
using Stip.Api.Runtime;

if (Usage.IsAskedFor(args))
{
    await Console.Out.WriteLineAsync(Usage.Text);
    return 0;
}

if (CommandLine.Faults(args).ToArray() is { Length: > 0 } wrong)
{
    await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, wrong));
    return 2;
}

try
{
    var builder = WebApplication.CreateBuilder([.. args, SharedSettings.WithoutWatching]);
    builder.AddSharedSettings();
    builder.AddRequestLogging();
    builder.AddTracing();
    builder.Services.AddOnnxRuntime().AddRegistry().AddEndpoints();

    var app = builder.Build();
    app.Services.GetRequiredService<IStartupValidator>().Validate();
    app.UseEndpoints();
    app.Lifetime.ApplicationStarted.Register(() => ReadyLine.WriteWhenReady(app));
    var startup = app.Services.GetRequiredService<ServerStartup>();
    await app.RunAsync();
    startup.ThrowIfFailed();
    return 0;
}
catch (Exception e) when (StartFaults.Of(e) is { Count: > 0 } faults)
{
    await Console.Error.WriteLineAsync(string.Join(Environment.NewLine, faults));
    return 1;
}
