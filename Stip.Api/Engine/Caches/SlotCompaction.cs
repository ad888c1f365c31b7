namespace Stip.Api.Engine.Caches;

/// <summary>Brings sessions that decode together beside one another, a few a batch: closed-loop clients stay
/// together for hundreds of tokens, so that a copy pays.</summary>
internal sealed class SlotCompaction
{
    private const int MostMovesABatch = 4;
    private readonly List<(int First, int Count)> _segments = [];
    private readonly List<int> _slots = [];
    private readonly HashSet<SessionState> _active = [];

    /// <param name="arena">Where all of them are.</param>
    /// <param name="sessions">Sessions of one batch, by slot; put in order again after moves.</param>
    public void Tidy(SlotArena arena, List<SessionState> sessions)
    {
        if (sessions.Count < 2)
        {
            return;
        }

        SlotSegments.Cut(arena, sessions, _slots, _segments);
        if (_segments.Count == 1)
        {
            return;
        }

        _active.Clear();
        _active.UnionWith(sessions);
        var (first, count) = _segments.MaxBy(segment => segment.Count);
        var moves = 0;
        foreach (var session in sessions)
        {
            if (moves == MostMovesABatch)
            {
                break;
            }

            if (session.Slot >= first && session.Slot < first + count)
            {
                continue;
            }

            if (FreeBeside(arena, ref first, ref count) is not (>= 0 and var target))
            {
                break;
            }

            arena.Move(session, target);
            moves++;
        }

        sessions.Sort(static (a, b) => a.Slot.CompareTo(b.Slot));
    }

    // The slot after the range or the one before it, made free where a session that is not active holds it.
    private int FreeBeside(SlotArena arena, ref int first, ref int count)
    {
        while (first + count < arena.Cache.Slots && _active.Contains(arena.Holder(first + count)!))
        {
            count++;
        }

        if (first + count < arena.Cache.Slots && TryFree(arena, first + count))
        {
            return first + count++;
        }

        while (first > 0 && _active.Contains(arena.Holder(first - 1)!))
        {
            (first, count) = (first - 1, count + 1);
        }

        if (first > 0 && TryFree(arena, first - 1))
        {
            count++;
            return --first;
        }

        return -1;
    }

    private static bool TryFree(SlotArena arena, int slot)
    {
        if (arena.Holder(slot) is not { } holder)
        {
            return arena.IsFreeForMoves(slot);
        }

        var free = arena.FirstFree();
        if (free < 0 || !arena.IsFreeForMoves(free))
        {
            return false;
        }

        arena.Move(holder, free);
        return true;
    }
}
