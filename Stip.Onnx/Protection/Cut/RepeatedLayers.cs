using Stip.Onnx.Model;
using Stip.Onnx.Protection.Blocks;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// The layers of a graph that nobody described: parts between places where one value leads on that do the same with
/// weights of the same size, one after the other. No name is asked.
/// </summary>
internal sealed class RepeatedLayers
{
    // Norms and masks repeat where layers do not; what holds less of the weights than that is no layers.
    private const int LeastShare = 4;

    private readonly int[] _places;
    private readonly int _first;
    private readonly int _period;

    /// <param name="part">The graph.</param>
    /// <param name="flow">Its values.</param>
    /// <param name="rows">The input from which its features come.</param>
    public RepeatedLayers(GraphPart part, ValueFlow flow, string rows)
    {
        var widths = flow.Widths();

        // Rows that are still to be added lead on beside what was made of them.
        var lastRead = LastReadOf(part, rows);
        int[] narrow =
        [
            .. Enumerable.Range(1, flow.NodeCount - 1).Where(place => place > lastRead && widths[place] == 1),
        ];

        // Between two layers there may be nodes that make lengths and masks only.
        _places =
        [
            0,
            .. narrow.Where((place, i) => i == 0
                || Enumerable.Range(narrow[i - 1], place - narrow[i - 1]).Any(MakesFeatures)),
            flow.NodeCount,
        ];

        // Nodes of one layer may stand in any order that fits what they read.
        var blocks = _places.Zip(_places.Skip(1), (start, end) => Enumerable.Range(start, end - start)).ToArray();
        (_first, _period, Count) = Find(
            [.. blocks.Select(block => string.Join(',', block.Where(MakesFeatures).Select(node =>
                WhatDoes(part.Graph.Node[node], flow.WeightBytes(node))).Order(StringComparer.Ordinal)))],
            [.. blocks.Select(block => block.Sum(flow.WeightBytes))]);

        // Masks and lengths are often made in the first layer for all.
        bool MakesFeatures(int node) => part.Graph.Node[node].Output.Any(flow.IsFeature);
    }

    /// <summary>How many there are; 0 where nothing repeats.</summary>
    public int Count { get; }

    /// <summary>The last node that reads more of a value than its shape; -1 for none.</summary>
    public static int LastReadOf(GraphPart part, string name) => part.Graph.Node.ToList().FindLastIndex(
        node => node.OpType is not ("Shape" or "Size") && OuterReads.Of(node).Contains(name));

    /// <summary>The place before the node with which the layer after so many begins.</summary>
    public int PlaceAfter(int layers) => _places[_first + (layers * _period)];

    // A shape may be a constant in one layer and computed in the next.
    private static string WhatDoes(NodeProto node, long bytes) =>
        node.OpType is "Reshape" or "Expand" or "Slice" or "Squeeze" or "Unsqueeze" or "Tile"
            ? node.OpType
            : $"{node.OpType} {bytes}";

    // The repetition that holds most weights, and of those the shortest: a layer is not two.
    private static (int First, int Period, int Count) Find(string[] does, long[] bytes)
    {
        var (best, most) = ((First: 0, Period: 0, Count: 0), 0L);
        for (var period = 1; 2 * period <= does.Length; period++)
        {
            for (var first = 0; first + (2 * period) <= does.Length; first++)
            {
                var length = period;
                while (first + length < does.Length && does[first + length] == does[first + length - period])
                {
                    length++;
                }

                var count = length / period;
                var held = bytes.AsSpan(first, count * period).ToArray().Sum();
                if (count > 1 && held > most)
                {
                    (best, most) = ((first, period, count), held);
                }
            }
        }

        return most * LeastShare >= bytes.Sum() ? best : default;
    }
}
