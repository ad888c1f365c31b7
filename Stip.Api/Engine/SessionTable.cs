using System.Collections.Concurrent;
using System.Security.Cryptography;
using Stip.Api.Engine.Caches;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;

namespace Stip.Api.Engine;

/// <summary>The sessions of one model. Owned by the model's loop; others may only look one
/// up.</summary>
internal sealed class SessionTable(
    SlotPool pool, SessionQuota quota, TimeProvider clock, TimeSpan lease, TimeSpan yieldAfter) : IDisposable
{
    private readonly ConcurrentDictionary<string, SessionState> _sessions = new(StringComparer.Ordinal);
    private volatile int _count;

    public static Refusal Lost { get; } = new(
        StipErrorCode.SessionLost, "there is no such session of this key; send its rows again without session_id",
        "session_id");

    public int Count => _count;

    /// <summary>Most tokens of a session that can be run, however long its cache is.</summary>
    public int MostTokens { get; } = pool.MostTokens;

    /// <summary>A session of this owner, expired or not, or null. For any thread.</summary>
    public SessionState? Peek(string owner, string id) =>
        _sessions.TryGetValue(id, out var session) && session.Owner == owner ? session : null;

    public Outcome<SessionState> Open(string owner, int maxLength)
    {
        Expire();
        if (!quota.TryTake(owner, out var most))
        {
            return most is null
                ? new Refusal(StipErrorCode.InvalidApiKey, "the API key was revoked")
                : new Refusal(
                    StipErrorCode.RateLimitExceeded, $"this API key holds its {most} sessions; release one",
                    CompletionFields.NoRoom, RetryAfter());
        }

        if (!pool.Find(maxLength, RetryAfter()).Is(out var place, out var refusal)
            && (pool.CanBorrow(refusal) || !MakeRoom(owner, maxLength)
                || !pool.Find(maxLength, RetryAfter()).Is(out place, out refusal)))
        {
            quota.GiveBack(owner);
            return refusal;
        }

        var id = "sess_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var session = new SessionState(id, owner, maxLength, clock.GetUtcNow())
        {
            RenewedAt = clock.GetTimestamp(),
        };
        place.Arena.Take(place.Slot, session);
        _sessions[id] = session;
        _count++;
        return session;
    }

    /// <summary>A session of this owner; a stranger's is as lost as one that never was.</summary>
    /// <param name="owner">Id of the API key.</param>
    /// <param name="id">The session, which the caller has entered.</param>
    /// <param name="askedAt">When it was asked for: what waits since then ends no session.</param>
    public Outcome<SessionState> Find(string owner, string id, long askedAt)
    {
        if (Peek(owner, id) is { } session)
        {
            if (clock.GetElapsedTime(session.RenewedAt, askedAt) < lease)
            {
                return session;
            }

            Release(session);
        }

        return Lost;
    }

    /// <summary>A new session that begins as the first tokens of another one.</summary>
    public Outcome<SessionState> Fork(string owner, string id, int? position, int? maxLength)
    {
        if (!Find(owner, id, clock.GetTimestamp()).Is(out var source, out var refusal))
        {
            return refusal;
        }

        var (tokens, length) = (position ?? source.CachedTokens, maxLength ?? source.MaxLength);
        if (tokens > source.CachedTokens || tokens < 0 || length < Math.Max(tokens, 1))
        {
            return tokens > source.CachedTokens
                ? new Refusal(
                    StipErrorCode.PositionAhead,
                    $"position {tokens} is ahead of the cache, which holds {source.CachedTokens}", "position")
                : new Refusal(
                    StipErrorCode.InvalidRequest, $"position {tokens} is outside 0..{length}", "position");
        }

        if (!source.Arena.Cache.CanRewind(source.CachedTokens, tokens))
        {
            return TooFarBack(source.CachedTokens, tokens);
        }

        if (!Open(owner, length).Is(out var fork, out refusal))
        {
            return refusal;
        }

        if (pool.Reserve(fork, source.SourceBytes, RetryAfter()) is { } noRoom)
        {
            Release(fork);
            return noRoom;
        }

        // Touched first: what a copy that breaks off has written is zeroed as well.
        fork.TouchedTokens = tokens;
        try
        {
            source.Arena.CopyTo(source.Slot, fork, tokens);
        }
        catch
        {
            Release(fork);
            throw;
        }

        (fork.CachedTokens, fork.ReachedTokens) = (tokens, tokens);
        return fork;
    }

    /// <summary>Makes room for a session's source of so many rows; null where there is.</summary>
    public Refusal? ReserveSource(SessionState session, int rows) =>
        pool.Reserve(session, pool.SourceBytes(rows), RetryAfter());

    public IReadOnlyList<SessionSnapshot> Of(string owner)
    {
        Expire();
        return [.. _sessions.Values.Where(session => session.Owner == owner).Select(Show)];
    }

    public SessionSnapshot Show(SessionState session) => SessionSnapshot.Of(
        session, clock.GetUtcNow() + (Left(session) is { Ticks: > 0 } left ? left : TimeSpan.Zero));

    public void Renew(SessionState session) => session.RenewedAt = clock.GetTimestamp();

    public void Release(SessionState session)
    {
        if (!session.IsReleased)
        {
            session.IsReleased = true;
            _sessions.TryRemove(session.Id, out _);
            _count--;
            try
            {
                session.Arena.Release(session);
            }
            finally
            {
                pool.Free(session);
                quota.GiveBack(session.Owner);
            }
        }
    }

    /// <summary>Releases what nobody has used for the lease. A session whose step waits or runs is in use.</summary>
    public void Expire()
    {
        foreach (var (_, session) in _sessions)
        {
            if (Left(session) <= TimeSpan.Zero && session.TryEnter())
            {
                LostDevice.Outlast(session, Release);
                session.Leave();
            }
        }
    }

    /// <summary>Gives memory back that no session uses.</summary>
    public void GiveBackUnused() => pool.GiveBackUnused();

    public void Dispose()
    {
        foreach (var session in _sessions.Values)
        {
            LostDevice.Outlast(session, Release);
        }

        // Also where a slot could not be zeroed: others may have the memory.
        pool.Dispose();
    }

    /// <summary>What a caller gets who goes back to tokens that are no longer there.</summary>
    public static Refusal TooFarBack(int tokens, int position) => new(
        StipErrorCode.SessionLost,
        $"of {tokens} tokens the caches of layers with a window no longer have what {position} need; "
            + "send the rows again without session_id",
        "position");

    // Where one key has everything, the session that it left alone for longest goes for somebody who has less: its
    // client replays it. Whoever would then have more than the other gets nothing, so that nobody takes back and forth.
    private bool MakeRoom(string owner, int maxLength)
    {
        if (yieldAfter == Timeout.InfiniteTimeSpan)
        {
            return false;
        }

        var held = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var session in _sessions.Values)
        {
            held[session.Owner] = held.GetValueOrDefault(session.Owner) + 1;
        }

        // What is as long leaves its slot; where all that is missing is a session more, a shorter one will do.
        var anyWillDo = pool.IsFull && pool.HasMemoryFor(maxLength);
        var own = held.GetValueOrDefault(owner);
        var idle = _sessions.Values
            .Where(session => held[session.Owner] > own + 1 && (anyWillDo || IsAsLong(session))
                && clock.GetElapsedTime(session.RenewedAt) >= yieldAfter)
            .OrderByDescending(session => held[session.Owner])
            .ThenByDescending(IsAsLong)
            .ThenBy(session => session.RenewedAt)
            .FirstOrDefault(session => session.TryEnter());
        if (idle is not null)
        {
            Release(idle);
            idle.Leave();
        }

        return idle is not null;

        bool IsAsLong(SessionState session) => session.Arena.Cache.CapacityTokens >= maxLength;
    }

    private TimeSpan Left(SessionState session) => lease - clock.GetElapsedTime(session.RenewedAt);

    private TimeSpan RetryAfter()
    {
        var first = _count == 0 ? TimeSpan.Zero : TimeSpan.MaxValue;
        foreach (var (_, session) in _sessions)
        {
            first = Left(session) is var left && left < first ? left : first;
        }

        return TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(first.TotalSeconds), 1, 30));
    }
}
