namespace Stip.Api.Engine.Caches;

/// <summary>Who holds which slot of an arena. Owned by the model's loop.</summary>
internal sealed class SlotArena
{
    private readonly ICacheArena _cache;
    private readonly SessionState?[] _holders;

    public SlotArena(ICacheArena cache)
    {
        (_cache, _holders) = (cache, new SessionState?[cache.Slots]);
        CanIdle = slot => _holders[slot] is not { IsFull: true };
    }

    public ICacheArena Cache => _cache;

    /// <summary>False for a slot that has no room for a row that nobody wants.</summary>
    public Func<int, bool> CanIdle { get; }

    public int HeldSlots { get; private set; }

    /// <summary>Slots that the budget paid for: the first ones, since the lowest free slot is taken first.</summary>
    public int PaidSlots { get; private set; }

    public SessionState? Holder(int slot) => _holders[slot];

    /// <summary>The lowest free slot, or -1.</summary>
    public int FirstFree() => Array.IndexOf(_holders, null);

    public void Take(int slot, SessionState session)
    {
        (_holders[slot], session.Arena, session.Slot) = (session, this, slot);
        HeldSlots++;
        PaidSlots = Math.Max(PaidSlots, slot + 1);
    }

    /// <summary>Zeroes a session's slot and lets go of it.</summary>
    public void Release(SessionState session)
    {
        _cache.Clear(session.Slot, session.TouchedTokens);
        _holders[session.Slot] = null;
        HeldSlots--;
    }

    /// <summary>Copies the first so many tokens of a slot to a session's, which may be in another arena.</summary>
    public void CopyTo(int slot, SessionState target, int tokens) =>
        _cache.Copy(slot, target.Arena.Cache, target.Slot, tokens);

    /// <summary>True where a session may be moved to: a free slot that is paid for, or the one behind them, which
    /// every arena has to spare.</summary>
    public bool IsFreeForMoves(int slot) => slot <= PaidSlots && slot < _cache.Slots && _holders[slot] is null;

    /// <summary>Brings a session to a free slot of this arena.</summary>
    public void Move(SessionState session, int target)
    {
        var (source, touched) = (session.Slot, session.TouchedTokens);
        try
        {
            _cache.Copy(source, _cache, target, session.CachedTokens);
        }
        catch
        {
            GiveBack(target, session.CachedTokens);
            throw;
        }

        // From here on the whole copy counts: a slot that could not be zeroed may be zeroed in part.
        (_holders[source], _holders[target], session.Slot) = (null, session, target);
        session.TouchedTokens = session.CachedTokens;
        try
        {
            _cache.Clear(source, touched);
        }
        catch
        {
            GiveBack(source, touched);
            throw;
        }
    }

    // A slot that has rows of a session, as far as anybody knows, is given to no other.
    private void GiveBack(int slot, int tokens)
    {
        try
        {
            _cache.Clear(slot, tokens);
        }
#pragma warning disable CA1031 // The device is lost: what is told is the fault that came first.
        catch (Exception)
#pragma warning restore CA1031
        {
            var nobody = new SessionState("", "", _cache.CapacityTokens, default) { IsReleased = true };
            Take(slot, nobody);
            nobody.CachedTokens = _cache.CapacityTokens;
        }
    }
}
