using System.Runtime.InteropServices;

namespace Stip.Api.Engine.Caches;

/// <summary>Cuts the slots of a batch into ranges of neighbours that run together.</summary>
internal static class SlotSegments
{
    /// <summary>Rows that nobody asked for cost as much as others, so few of them are taken along.</summary>
    private const int ActiveForOneIdle = 4;

    /// <param name="arena">Where the sessions are.</param>
    /// <param name="sessions">Active ones, by slot.</param>
    /// <param name="slots">Receives their slots.</param>
    /// <param name="segments">Receives first slot and count.</param>
    public static void Cut(
        SlotArena arena, List<SessionState> sessions, List<int> slots, List<(int First, int Count)> segments)
    {
        slots.Clear();
        foreach (var session in sessions)
        {
            slots.Add(session.Slot);
        }

        Cut(CollectionsMarshal.AsSpan(slots), arena.CanIdle, segments);
    }

    /// <param name="slots">Active slots, ascending.</param>
    /// <param name="canIdle">False for a slot that must not be in a range unless it is active.</param>
    /// <param name="segments">Receives first slot and count.</param>
    public static void Cut(
        ReadOnlySpan<int> slots, Func<int, bool> canIdle, List<(int First, int Count)> segments)
    {
        segments.Clear();
        var (first, active, idle) = (slots[0], 1, 0);
        for (var i = 1; i < slots.Length; i++)
        {
            var gap = slots[i] - slots[i - 1] - 1;
            if ((idle + gap) * ActiveForOneIdle <= active + 1 && CanBridge(slots[i - 1] + 1, gap, canIdle))
            {
                (active, idle) = (active + 1, idle + gap);
                continue;
            }

            segments.Add((first, active + idle));
            (first, active, idle) = (slots[i], 1, 0);
        }

        segments.Add((first, active + idle));
    }

    private static bool CanBridge(int from, int count, Func<int, bool> canIdle)
    {
        for (var slot = from; slot < from + count; slot++)
        {
            if (!canIdle(slot))
            {
                return false;
            }
        }

        return true;
    }
}
