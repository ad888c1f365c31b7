using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;

namespace Stip.Api.Endpoints;

/// <summary>What happens between the start of the process and its first answer.</summary>
internal sealed class ServerStartup(
    ModelRegistry registry,
    ApiKeyStore keys,
    IOptions<ApiOptions> api,
    IOptions<EngineOptions> engine,
    IGraphRuntime runtime,
    ILogger<ServerStartup> log) : IHostedService
{
    public bool IsReady { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // The database takes a while to get going, and so may many packages.
        var opening = Task.Run(() => keys.OpenAsync(cancellationToken), cancellationToken);
        registry.Scan();
        await opening;
        if (keys.All.Count == 0)
        {
            await MakeBootstrapKeyAsync();
        }

        if (engine.Value.Preload)
        {
            await Task.WhenAll(registry.All.Select(PreloadAsync));
        }

        log.LogInformation(
            "{Count} models in {Folder}, provider {Provider}", registry.All.Count,
            Path.GetFullPath(api.Value.DataDirectory), runtime.Provider);
        IsReady = true;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // One model that cannot be run is no reason to serve none.
    private async Task PreloadAsync(HostedModel model)
    {
        try
        {
            await (model.Decoder?.LoadAsync() ?? Task.CompletedTask);
        }
        catch (Exception e) when (e is GraphRefusedException or InsufficientMemoryException or IOException)
        {
            log.LogError("Model {Model} is not loaded: {Fault}", model.Id, e.Message);
        }
    }

    // Written to the console and not to the log: logs are kept.
    private async Task MakeBootstrapKeyAsync()
    {
        var isGiven = !string.IsNullOrEmpty(api.Value.BootstrapKey);
        var value = isGiven
            ? api.Value.BootstrapKey!
            : "stip_admin_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        if (await keys.AddBootstrapAsync(value) && !isGiven)
        {
            Console.Out.WriteLine($"Administrator's API key, shown this once: {value}");
        }
    }
}
