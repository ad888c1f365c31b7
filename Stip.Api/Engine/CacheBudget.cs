using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using Stip.Api.Engine.Caches;

namespace Stip.Api.Engine;

/// <summary>The memory that the caches of all models share.</summary>
internal sealed class CacheBudget
{
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

    /// <summary>True where another pool may have memory that no session uses. For any thread.</summary>
    public bool IsUnusedBeside(SlotPool asking) => _pools.Any(pool => pool.Key != asking && pool.Key.HasUnused);

    /// <summary>Has the pools give back what no session uses; false where none has such.</summary>
    public async Task<bool> TryFreeAsync(CancellationToken cancellation)
    {
        var isFreed = false;
        foreach (var (pool, giveBack) in _pools)
        {
            if (pool.HasUnused)
            {
                await giveBack(cancellation);
                isFreed = true;
            }
        }

        return isFreed;
    }
}
