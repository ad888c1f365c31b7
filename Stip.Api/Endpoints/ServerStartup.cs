using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;

namespace Stip.Api.Endpoints;

/// <summary>What happens between the start of the process and its first answer, and what is loaded beside the first
/// ones: whoever asks for the server's health hears it from the start.</summary>
internal sealed class ServerStartup(
    ModelRegistry registry,
    ApiKeyStore keys,
    IOptions<ApiOptions> api,
    IOptions<EngineOptions> engine,
    IGraphRuntime runtime,
    IHostApplicationLifetime lifetime,
    ILogger<ServerStartup> log) : IHostedService
{
    private Task _starting = Task.Delay(Timeout.Infinite);

    public bool IsReady => _starting.IsCompletedSuccessfully;

    /// <summary>Ends when the database is open, every package was judged and, under <c>Preload</c>, loaded; fails where
    /// the database cannot be used, which ends the server. Read after the start.</summary>
    public Task Ready => _starting;

    // Whoever watches the process hears that it lives while its database is still on its way.
    public Task StartAsync(CancellationToken cancellationToken)
    {
        var stopping = lifetime.ApplicationStopping;
        var opening = Task.Run(() => keys.OpenAsync(MakeBootstrapKeyAsync, stopping), stopping);
        registry.Scan();
        _starting = StartAsync(opening, stopping);
        return Task.CompletedTask;
    }

    // What it is at must not lose its registry.
    public Task StopAsync(CancellationToken cancellationToken) =>
        Task.WhenAny(_starting, Task.Delay(Timeout.Infinite, cancellationToken));

    /// <summary>Throws what the server could not start for; after it has ended.</summary>
    public void ThrowIfFailed()
    {
        if (_starting.Exception?.InnerException is { } fault)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    private async Task StartAsync(Task opening, CancellationToken stopping)
    {
        try
        {
            await opening;
        }
        catch (Exception e) when (!stopping.IsCancellationRequested)
        {
            // A host that is stopped before it has started fails with reasons of its own.
            lifetime.ApplicationStarted.Register(lifetime.StopApplication);
            if (e is OperationCanceledException)
            {
                // Else it would count as a stop that somebody asked for, and the program as well ended.
                throw new InvalidOperationException("the opening of the server's database was given up", e);
            }

            throw;
        }

        await Task.Run(() => LoadAsync(stopping), CancellationToken.None);
    }

    private async Task LoadAsync(CancellationToken stopping)
    {
        try
        {
            await registry.JudgeRestAsync(stopping);
            if (engine.Value.Preload)
            {
                await Task.WhenAll(registry.All.SelectMany(PreloadsOf)).WaitAsync(stopping);
            }

            log.LogInformation(
                "{Count} models in {Folder}, provider {Provider}", registry.All.Count,
                Path.GetFullPath(api.Value.DataDirectory), runtime.Provider);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The server stops.
        }
#pragma warning disable CA1031 // Nobody waits for this, and what is loaded is served.
        catch (Exception e)
#pragma warning restore CA1031
        {
            BugLog.Write(log, e, "of the start");
        }
    }

    private IEnumerable<Task> PreloadsOf(HostedModel model)
    {
        if (model.Decoder is { } decoder)
        {
            yield return PreloadAsync(model.Id, decoder.LoadAsync);
        }

        foreach (var forward in model.Forwards.Values)
        {
            yield return PreloadAsync(model.Id, forward.LoadAsync);
        }
    }

    // One model that cannot be run is no reason to serve none.
    private async Task PreloadAsync(string model, Func<Task<Refusal?>> load)
    {
        try
        {
            if (await load() is { } refusal)
            {
                log.LogError("Model {Model} is not loaded: {Fault}", model, refusal.Message);
            }
        }
        catch (Exception e) when (e is GraphRefusedException or InsufficientMemoryException or IOException)
        {
            log.LogError("Model {Model} is not loaded: {Fault}", model, e.Message);
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
