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
        if (keys.IsEmpty)
        {
            MakeBootstrapKey();
        }

        registry.Scan();
        if (engine.Value.Preload)
        {
            await Task.WhenAll(registry.All.Select(model => model.Decoder?.LoadAsync() ?? Task.CompletedTask));
        }

        log.LogInformation(
            "{Count} models in {Folder}, provider {Provider}", registry.All.Count,
            Path.GetFullPath(api.Value.DataDirectory), runtime.Provider);
        IsReady = true;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    // Written to the console and not to the log: logs are kept.
    private void MakeBootstrapKey()
    {
        var isGiven = !string.IsNullOrEmpty(api.Value.BootstrapKey);
        var value = isGiven
            ? api.Value.BootstrapKey!
            : "stip_admin_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        keys.AddBootstrap(value);
        if (!isGiven)
        {
            Console.Out.WriteLine($"Administrator's API key, shown this once: {value}");
        }
    }
}
