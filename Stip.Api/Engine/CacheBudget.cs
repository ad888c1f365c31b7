using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Engine;

/// <summary>The memory that the caches of all models share.</summary>
internal sealed class CacheBudget
{
    // A step of another model may take longer than whoever wants its memory should wait.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private readonly ConcurrentDictionary<SlotPool, Func<CancellationToken, Task>> _pools = new();
    private long _usedBytes;

    public CacheBudget(IOptions<EngineOptions> options, SessionQuota? sessions = null)
    {
        Sessions = sessions ?? SessionQuota.None;
        var megabytes = options.Value.CacheMegabytes;
        LimitBytes = megabytes > 0 ? (long)megabytes << 20 : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
    }

    /// <summary>Who holds how many of them.</summary>
    public SessionQuota Sessions { get; }

    public long LimitBytes { get; }

    public long FreeBytes => LimitBytes - Interlocked.Read(ref _usedBytes);

    public bool TryTake(long bytes)
    {
        if (Interlocked.Add(ref _usedBytes, bytes) <= LimitBytes)
        {
            return true;
        }

        Interlocked.Add(ref _usedBytes, -bytes);
        return false;
    }

    public void GiveBack(long bytes) => Interlocked.Add(ref _usedBytes, -bytes);

    /// <summary>Takes a pool among those that are asked for what they have no session for.</summary>
    /// <param name="pool">Until it is forgotten.</param>
    /// <param name="giveBack">Asks it, where its owner is.</param>
    public void Watch(SlotPool pool, Func<CancellationToken, Task> giveBack) => _pools[pool] = giveBack;

    public void Forget(SlotPool pool) => _pools.TryRemove(pool, out _);

    /// <summary>Memory of other pools that no session uses. For any thread.</summary>
    public long UnusedBytesBeside(SlotPool asking) =>
        _pools.Keys.Where(pool => pool != asking).Sum(pool => pool.UnusedBytes);

    /// <summary>Has the pools give back what no session uses, all at once; false where none has done so in a moment.
    /// </summary>
    public async Task<bool> TryFreeAsync(CancellationToken cancellation)
    {
        var asked = _pools.Where(pool => pool.Key.UnusedBytes > 0)
            .Select(pool => HasFreedAsync(pool.Value, cancellation));
        return (await Task.WhenAll(asked)).Contains(true);
    }

    private static async Task<bool> HasFreedAsync(
        Func<CancellationToken, Task> giveBack, CancellationToken cancellation)
    {
        try
        {
            await giveBack(cancellation).WaitAsync(Patience, cancellation);
            return true;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested)
        {
            // It may give back what it has when its step has ended.
            return false;
        }
    }
}
