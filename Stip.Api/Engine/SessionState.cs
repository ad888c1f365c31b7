using Stip.Api.Engine.Caches;

namespace Stip.Api.Engine;

/// <summary>One session. Owned by its model's loop but for who steps it.</summary>
internal sealed class SessionState(string id, string owner, int maxLength, DateTimeOffset createdAt)
{
    private int _isBusy;

    public string Id => id;

    /// <summary>Id of the API key that opened it.</summary>
    public string Owner => owner;

    /// <summary>Where its cache is.</summary>
    public SlotArena Arena { get; set; } = null!;

    public int Slot { get; set; }

    public int MaxLength => maxLength;

    public DateTimeOffset CreatedAt => createdAt;

    /// <summary>Timestamp of its last step: a clock that is set must neither end a session nor keep it.</summary>
    public long RenewedAt { get; set; }

    /// <summary>Timestamp of its last answer; null before the first.</summary>
    public long? AnsweredAt { get; set; }

    /// <summary>Tokens that count.</summary>
    public int CachedTokens { get; set; }

    /// <summary>Tokens that were ever written, a rewind notwithstanding: what must be zeroed.</summary>
    public int TouchedTokens { get; set; }

    /// <summary>What the budget paid for its source.</summary>
    public long SourceBytes { get; set; }

    /// <summary>True once its slot is somebody else's.</summary>
    public bool IsReleased { get; set; }

    /// <summary>Takes the session for one step; false where a step of it is running. For any thread.</summary>
    public bool TryEnter() => Interlocked.Exchange(ref _isBusy, 1) == 0;

    /// <summary>Ends what <see cref="TryEnter"/> began.</summary>
    public void Leave() => Volatile.Write(ref _isBusy, 0);

    /// <summary>Tokens after the last run, whether it ended well or not: what bounded caches let go of is counted from
    /// there.</summary>
    public int ReachedTokens { get; set; }

    /// <summary>True where not even a row that nobody wants could be written behind its tokens, for want of room or
    /// because others would have to go for it.</summary>
    public bool IsFull => CachedTokens >= Arena.Cache.CapacityTokens
        || !Arena.Cache.CanRewind(CachedTokens + 1, CachedTokens);
}
