namespace Stip.Client.Generation;

/// <summary>The sessions of finished answers at one server, whichever model they are of: the server counts those of a
/// key over all models, so that each of them may stand in the way of any new one.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class KeptSessions
{
    private readonly Lock _lock = new();
    private readonly List<(SessionPool Pool, StipSession Session)> _kept = []; // the latest last
    private int _wanting;

    /// <summary>True where there is a session to give up.</summary>
    public bool IsAny
    {
        get
        {
            lock (_lock)
            {
                return _kept.Count > 0;
            }
        }
    }

    /// <summary>Takes one of a pool's sessions out, so that it can be used.</summary>
    /// <param name="pool">Whose sessions.</param>
    /// <param name="choose">Picks one of them, or none.</param>
    public StipSession? Take(SessionPool pool, Func<IEnumerable<StipSession>, StipSession?> choose)
    {
        lock (_lock)
        {
            var taken = choose(_kept.Where(kept => kept.Pool == pool).Select(kept => kept.Session));
            if (taken is not null)
            {
                _kept.RemoveAll(kept => kept.Session == taken);
            }

            return taken;
        }
    }

    /// <summary>Keeps a session for a next turn.</summary>
    /// <param name="pool">Whose it is.</param>
    /// <param name="session">Not used by anybody now.</param>
    /// <param name="most">Most sessions of that pool.</param>
    /// <returns>The session that is one too many: the oldest of the pool, or the new one while another waits for
    /// room.</returns>
    public StipSession? Keep(SessionPool pool, StipSession session, int most)
    {
        lock (_lock)
        {
            if (_wanting > 0)
            {
                return session;
            }

            _kept.Add((pool, session));
            return _kept.Count(kept => kept.Pool == pool) > most
                ? Remove(_kept.FindIndex(kept => kept.Pool == pool))
                : null;
        }
    }

    /// <summary>Gives up the session that was not used for longest: what waits for a next turn that may never come does
    /// not keep another conversation waiting. Those of the model itself go first, which make room in its memory as well
    /// as in what the key may hold.</summary>
    /// <param name="model">What room is wanted for.</param>
    public async ValueTask ReleaseOldestAsync(StipModel model)
    {
        StipSession? oldest;
        lock (_lock)
        {
            var own = _kept.FindIndex(kept => kept.Pool.IsOf(model));
            oldest = _kept.Count > 0 ? Remove(Math.Max(0, own)) : null;
        }

        if (oldest is not null)
        {
            await oldest.DisposeAsync();
        }
    }

    /// <summary>Gives up all of a pool's sessions.</summary>
    public async ValueTask ReleaseAsync(SessionPool pool)
    {
        while (Take(pool, sessions => sessions.FirstOrDefault()) is { } session)
        {
            await session.DisposeAsync();
        }
    }

    /// <summary>From now on nothing is kept, since somebody waits for room.</summary>
    public void BeginWanting()
    {
        lock (_lock)
        {
            _wanting++;
        }
    }

    /// <summary>The end of that.</summary>
    public void EndWanting()
    {
        lock (_lock)
        {
            _wanting--;
        }
    }

    private StipSession Remove(int place)
    {
        var session = _kept[place].Session;
        _kept.RemoveAt(place);
        return session;
    }
}
