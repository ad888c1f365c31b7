using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>
/// Splits a graph where it is narrow: where only the residual stream (with fused norms also what they gave) goes from
/// what was computed to what is still to be computed.
/// </summary>
internal static class GraphSplit
{
    // A graph that is wider than that everywhere has no residual stream.
    private const int MostValues = 12;

    // Blocks of a fair size: one may hold a quarter of all weights, or what its largest operator needs.
    private const int LeastBlocks = 4;

    // More blocks than this only cost time, while they are not large: packed matrices of few bits are copied.
    private const int MostBlocks = 64;
    private const long LargestBlock = 256L << 20;

    /// <summary>The blocks of a graph, in order.</summary>
    /// <param name="part">The graph.</param>
    /// <param name="features">Inputs that are features.</param>
    /// <exception cref="RefusedException">There is no place to split it.</exception>
    public static IReadOnlyList<GraphBlock> Of(GraphPart part, IEnumerable<string> features)
    {
        var flow = new ValueFlow(part, features);
        var widths = flow.Widths();
        long[] weights = [.. Enumerable.Range(0, flow.NodeCount).Select(flow.WeightBytes)];
        var fair = Math.Max(Math.Min(weights.Sum() / LeastBlocks, LargestBlock), weights.Max());
        var best = new List<int>();
        for (var width = 1; width <= MostValues; width++)
        {
            var places = Places(widths, weights, width);
            best = places.Count > best.Count ? places : best;
            if (best.Count > 0 && Sizes(best, weights).Max() <= fair)
            {
                break;
            }
        }

        if (best.Count == 0)
        {
            throw new RefusedException(
                $"'{part.FileName}' cannot be run block by block: more than {MostValues} values lead from any part of "
                + "it to the rest, or one node holds all weights; --verify full runs it whole, none not at all");
        }

        int[] ends = [.. Merged(best, weights), flow.NodeCount];
        return [.. ends.Select((end, i) => flow.Block(i == 0 ? 0 : ends[i - 1], end))
            .Where(block => block.Carried.Count + block.Outputs.Count > 0)
            .Select((block, i) => block with { Number = i + 1 })];
    }

    /// <summary>The whole graph as one block.</summary>
    public static IReadOnlyList<GraphBlock> Whole(GraphPart part)
    {
        var flow = new ValueFlow(part, []);
        return [flow.Block(0, flow.NodeCount)];
    }

    // Narrow places with weights on both sides.
    private static List<int> Places(int[] widths, long[] weights, int width)
    {
        var (first, last) = (Array.FindIndex(weights, bytes => bytes > 0),
            Array.FindLastIndex(weights, bytes => bytes > 0));
        return [.. Enumerable.Range(0, weights.Length)
            .Where(place => place > first && place <= last && widths[place] > 0 && widths[place] <= width)];
    }

    private static IEnumerable<long> Sizes(List<int> places, long[] weights)
    {
        var start = 0;
        foreach (var end in places.Append(weights.Length))
        {
            yield return weights[start..end].Sum();
            start = end;
        }
    }

    // Neighbours are joined as long as they stay below the largest block, which sets the memory anyway, and below what
    // is much memory.
    private static List<int> Merged(List<int> places, long[] weights)
    {
        long[] sizes = [.. Sizes(places, weights)];
        var limit = Math.Min(Math.Max(sizes.Max(), sizes.Sum() / MostBlocks), LargestBlock);
        var (kept, size) = (new List<int>(), sizes[0]);
        for (var i = 0; i < places.Count; i++)
        {
            if (size > 0 && size + sizes[i + 1] > limit)
            {
                kept.Add(places[i]);
                size = 0;
            }

            size += sizes[i + 1];
        }

        return kept.Count > 0 ? kept : [places[^1]];
    }
}
