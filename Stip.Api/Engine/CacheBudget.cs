using Microsoft.Extensions.Options;

namespace Stip.Api.Engine;

/// <summary>The memory that the caches of all models share.</summary>
internal sealed class CacheBudget
{
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
}
