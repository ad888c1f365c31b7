using Stip.Api.Endpoints.Errors;
using Stip.Api.Engine.Loading;
using Stip.Api.Registry;
using Stip.Api.Registry.ApiKeys;
using Stip.Api.Registry.Audit;
using Stip.Api.Registry.Database;
using Stip.Api.Registry.Uploads;
using Stip.Protocol.Audit;

namespace Stip.Api.Endpoints;

/// <summary>Releases what its user left behind: idle sessions and uploads.</summary>
internal sealed class Housekeeping(
    ModelRegistry registry,
    LoadedGraphs graphs,
    UploadStore uploads,
    RegistryDatabase database,
    ApiKeyStore keys,
    AuditLog audit,
    TimeProvider clock,
    ILogger<Housekeeping> log) : BackgroundService
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    // None keeps another from its work: a fault of the database holds no memory, and a fault of a model, or a step of
    // it that runs for long, keeps no key good that another server revoked.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        EveryPeriodAsync(RefreshSharedAsync, stoppingToken),
        EveryPeriodAsync(ReleaseGoneAsync, stoppingToken),
        EveryPeriodAsync(ExpireSessionsAsync, stoppingToken),
        EveryPeriodAsync(BeginRetiring, stoppingToken),
        EveryPeriodAsync(() => graphs.UnloadIdleAsync(), stoppingToken),
        EveryPeriodAsync(ExpireUploadsAsync, stoppingToken));

    private async Task EveryPeriodAsync(Func<Task> work, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, clock);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await TryAsync(work);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }

    private async Task RefreshSharedAsync()
    {
        if (database.IsShared && keys.IsOpen)
        {
            await RefreshKeysAsync();
        }
    }

    /// <summary>Reads the keys that another server may have changed.</summary>
    internal Task RefreshKeysAsync() => keys.RefreshAsync(CancellationToken.None);

    /// <summary>Releases what sessions keys hold here that are gone: nobody could use them, and their slots would wait
    /// for their lease.</summary>
    internal async Task ReleaseGoneAsync()
    {
        for (var left = keys.Gone.Count; left > 0 && keys.Gone.TryDequeue(out var id); left--)
        {
            try
            {
                await registry.ReleaseSessionsAsync(id);
            }
            catch
            {
                // Tried again, after the others.
                keys.Gone.Enqueue(id);
                throw;
            }
        }
    }

    // Not waited for: the end of one whose steps still wait would keep the others'.
    private Task BeginRetiring()
    {
        _ = TryAsync(registry.RetireReplacedAsync);
        return Task.CompletedTask;
    }

    // Each model answers between two of its runs.
    internal Task ExpireSessionsAsync() => Task.WhenAll(
        registry.Serving.Select(model => model.Decoder?.ExpireAsync() ?? Task.CompletedTask));

    internal async Task ExpireUploadsAsync()
    {
        if (!keys.IsOpen)
        {
            // The audit log is to have a line of each.
            return;
        }

        foreach (var expired in uploads.Expire())
        {
            await audit.AppendAsync(new AuditAct(
                AuditEventTypes.UploadExpired, AuditActor.Server, expired.Id, ("filename", expired.Filename)));
        }
    }

    private async Task TryAsync(Func<Task> work)
    {
        try
        {
            await work();
        }
#pragma warning disable CA1031 // Nobody waits for this: what fails now is tried again in a while.
        catch (Exception e)
#pragma warning restore CA1031
        {
            BugLog.Write(log, e, "of housekeeping");
        }
    }
}
