using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>Caches of one model, in use or zeroed and waiting. Owned by the model's loop.</summary>
internal sealed class CachePool(IDecoder decoder, DecoderSnapshot snapshot, CacheBudget budget, int slots) : IDisposable
{
    // Few distinct capacities make returned caches fit the next session.
    private const int LengthStep = 64;
    private const int MaxIdle = 8;
    private readonly List<ICache> _idle = [];
    private int _inUse;

    /// <summary>A zeroed cache of at least so many tokens.</summary>
    public Outcome<ICache> Rent(int maxLength, TimeSpan retryAfter)
    {
        if (_inUse >= slots)
        {
            return Full($"all {slots} sessions of model '{snapshot.Model}' are in use", retryAfter);
        }

        var rounded = ((long)maxLength + LengthStep - 1) / LengthStep * LengthStep;
        var capacity = (int)Math.Min(rounded, snapshot.ContextLength);
        var found = _idle.FindIndex(cache => cache.CapacityTokens == capacity);
        var rented = found < 0 ? Allocate(capacity, retryAfter) : Outcome<ICache>.Of(_idle[found]);
        if (found >= 0)
        {
            _idle.RemoveAt(found);
        }

        _inUse += rented.Refusal is null ? 1 : 0;
        return rented;
    }

    public void Return(ICache cache, int usedTokens)
    {
        _inUse--;
        cache.Clear(usedTokens);
        _idle.Add(cache);
        if (_idle.Count > MaxIdle)
        {
            DropOldest();
        }
    }

    public void Dispose()
    {
        while (_idle.Count > 0)
        {
            DropOldest();
        }
    }

    private Outcome<ICache> Allocate(int capacity, TimeSpan retryAfter)
    {
        var bytes = decoder.CacheBytes(capacity);
        if (bytes > budget.LimitBytes)
        {
            return new Refusal(
                StipErrorCode.ContextLengthExceeded,
                $"max_length {capacity} needs {bytes >> 20} MiB of cache, there are {budget.LimitBytes >> 20} MiB",
                "max_length");
        }

        while (!budget.TryTake(bytes))
        {
            if (_idle.Count == 0)
            {
                return Full($"a session of {capacity} tokens needs {bytes >> 20} MiB of cache, "
                    + $"{Math.Max(budget.FreeBytes, 0) >> 20} MiB are free", retryAfter);
            }

            DropOldest();
        }

        try
        {
            return Outcome<ICache>.Of(decoder.AllocateCache(capacity));
        }
        catch (InsufficientMemoryException)
        {
            budget.GiveBack(bytes);
            return Full($"there is no memory for a session of {capacity} tokens", retryAfter);
        }
    }

    private void DropOldest()
    {
        budget.GiveBack(decoder.CacheBytes(_idle[0].CapacityTokens));
        _idle[0].Dispose();
        _idle.RemoveAt(0);
    }

    private static Refusal Full(string message, TimeSpan retryAfter) =>
        new(StipErrorCode.ServerOverloaded, message, RetryAfter: retryAfter);
}
