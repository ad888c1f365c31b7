using System.Collections.Concurrent;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>Which value stands for which key, in memory: readers see an immutable snapshot, and whoever watches a value
/// hears at once that it went.</summary>
internal sealed class KeyDirectory(TimeProvider clock)
{
    // The longest wait of a timer is 49 days; what has longer is judged at every use anyway.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(40);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _watched = new(StringComparer.Ordinal);
    private volatile Dictionary<string, ApiKeyGrant> _byHash = [];

    public IReadOnlyList<ApiKeyRecord> Keys { get; private set; } = [];

    /// <summary>Ids of keys that are there no longer, whoever ended them, until somebody has seen to what they left.
    /// </summary>
    public ConcurrentQueue<string> Gone { get; } = new();

    /// <summary>The key of this value; null where it is unknown, revoked or expired.</summary>
    public ApiKeyGrant? Find(string value)
    {
        // What is looked up is a hash, so the time of the search says nothing about stored values.
        var hash = ApiKeyValue.Hash(value);
        return _byHash.TryGetValue(hash, out var grant) && ApiKeyValue.AreEqual(grant.Secret.Sha256, hash)
            && IsInTime(grant)
            ? grant
            : null;
    }

    /// <summary>True while what was found before is neither revoked nor expired.</summary>
    public bool IsGood(ApiKeyGrant grant) =>
        _byHash.TryGetValue(grant.Secret.Sha256, out var now) && IsInTime(now);

    /// <summary>Cancelled when the value is revoked or its time is over, whenever that is decided.</summary>
    public CancellationToken Watch(ApiKeyGrant grant)
    {
        var hash = grant.Secret.Sha256;
        var watched = _watched.GetOrAdd(hash, Source);
        if (watched.IsCancellationRequested && IsGood(grant))
        {
            // Its time was over and is not any more: the clock was set back.
            _watched.TryRemove(KeyValuePair.Create(hash, watched));
            watched = _watched.GetOrAdd(hash, Source);
        }

        var token = watched.Token;
        // What went between the search and now is told as well.
        Tell(hash);
        return token;
    }

    /// <summary>Shows another set of keys.</summary>
    public void Show(IReadOnlyList<ApiKeyRecord> keys)
    {
        var byHash = keys.SelectMany(key => key.Secrets.Select(secret => new ApiKeyGrant(key, secret)))
            .ToDictionary(grant => grant.Secret.Sha256, StringComparer.Ordinal);
        string[] gone = [.. Keys.Select(key => key.Id).Except(keys.Select(key => key.Id))];
        (Keys, _byHash) = ([.. keys.OrderBy(key => key.CreatedAt)], byHash);
        // Whoever hears of it releases sessions: one that opens after that no longer finds its key.
        foreach (var id in gone)
        {
            Gone.Enqueue(id);
        }

        foreach (var hash in _watched.Keys)
        {
            Tell(hash);
        }
    }

    private CancellationTokenSource Source(string hash) => new(Timeout.InfiniteTimeSpan, clock);

    private bool IsInTime(ApiKeyGrant grant) => !(grant.EndsAt <= clock.GetUtcNow());

    // At once, or when its time will be over.
    private void Tell(string hash)
    {
        if (!_byHash.TryGetValue(hash, out var grant))
        {
            if (_watched.TryRemove(hash, out var gone))
            {
                gone.Cancel();
            }
        }
        else if (_watched.TryGetValue(hash, out var watched) && grant.EndsAt - clock.GetUtcNow() is { } left
            && left < LongestWait)
        {
            watched.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }
}
