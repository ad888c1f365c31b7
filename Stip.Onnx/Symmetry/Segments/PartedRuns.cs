using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Segments;

/// <summary>
/// Fresh runs that are cut into single lanes in a graph that uses every second lane apart: pairs of channels side by
/// side, sines and cosines in turns. With the even lanes first they are two halves and not many lanes.
/// </summary>
internal static class PartedRuns
{
    // Shorter ones are cheap lane by lane.
    private const int Shortest = 8;

    /// <summary>Their numbers; none where the graph does no such thing.</summary>
    public static HashSet<int> Of(NodeStore store)
    {
        var parted = new HashSet<int>();
        if (!store.HasPartedLanes || store.LongestRun < int.MaxValue)
        {
            return parted;
        }

        var starts = Cuts.Find(store.Runs);
        foreach (var (number, run) in store.FreshRuns.Index())
        {
            if (run.Count >= Shortest && run.Count % 2 == 0 && IsSingle(starts, run))
            {
                parted.Add(number);
            }
        }

        return parted;
    }

    private static bool IsSingle(int[] starts, LabelRange run)
    {
        var first = Array.BinarySearch(starts, run.Start);
        return first >= 0 && first + run.Count <= starts.Length && starts[first + run.Count - 1] == run.End - 1;
    }
}
