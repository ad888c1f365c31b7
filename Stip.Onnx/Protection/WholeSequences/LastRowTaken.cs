using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>Tells whether all that an output knows of a text passes through its last row. What is pooled over rows, or
/// made of the first one, knows more, and so does what is pooled over anything behind it.</summary>
internal static class LastRowTaken
{
    // What is left of a length that nobody names.
    private const int Endless = int.MaxValue;

    // Sequences, places and features; places and features of one text.
    private const int RowsRank = 3;
    private const int TextRank = 2;

    /// <param name="graph">The server's graph.</param>
    /// <param name="output">One of its outputs.</param>
    public static bool Is(GraphProto graph, string output)
    {
        var makers = new Dictionary<string, NodeProto>(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            foreach (var name in node.Output)
            {
                makers[name] = node;
            }
        }

        var ranks = new ValueRanks(graph);
        var rows = graph.Input.Where(ElementTypes.AreQuantities).Select(input => input.Name).ToHashSet();
        var made = MadeOf(graph, rows);
        var pooled = MadeOf(graph, graph.Node.Where(node => node.Output.Any(made.Contains) && PoolsOver(node, ranks))
            .SelectMany(node => node.Output));
        var (open, seen, isTaken) = (new Stack<string>([output]), new HashSet<string>(StringComparer.Ordinal), false);
        while (open.TryPop(out var name))
        {
            if (rows.Contains(name))
            {
                return false;
            }

            if (!seen.Add(name) || !makers.TryGetValue(name, out var node) || node.OpType is "Shape" or "Size")
            {
                continue;
            }

            if (made.Contains(name) && PoolsOver(node, ranks))
            {
                return false;
            }

            if (made.Contains(name) && TakesLast(graph, node, ranks.Of(node.Input[0]), pooled))
            {
                isTaken = true;
                continue;
            }

            foreach (var read in OuterReads.Of(node))
            {
                open.Push(read);
            }
        }

        return isTaken;
    }

    private static HashSet<string> MadeOf(GraphProto graph, IEnumerable<string> rows)
    {
        var made = rows.ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.OpType is not ("Shape" or "Size")
            && OuterReads.Of(node).Any(made.Contains)))
        {
            made.UnionWith(node.Output);
        }

        return made;
    }

    private static bool TakesLast(GraphProto graph, NodeProto node, int? rank, HashSet<string> pooled) =>
        AxisOfLast(graph, node) is { } axis && IsOfTexts(axis, rank)
            && (rank != TextRank || !pooled.Contains(node.Input[0]));

    private static long? AxisOfLast(GraphProto graph, NodeProto node) => node.OpType switch
    {
        "Gather" when Numbers(graph, node, 1) is [-1] =>
            node.Attribute.FirstOrDefault(attribute => attribute.Name == "axis")?.I ?? 0,
        "Slice" when Numbers(graph, node, 1) is [-1] && Numbers(graph, node, 2) is [>= Endless]
            && Numbers(graph, node, 3) is [var axis] && Numbers(graph, node, 4) is null or [1] => axis,
        _ => null,
    };

    // Features are on the last axis; rows stand before them, whichever of them counts sequences. Where there are more
    // axes, the last head or the last layer is taken; where nothing tells how many, they are rows. What is pooled has
    // as many axes as one text.
    private static bool IsOfTexts(long axis, int? rank) => rank switch
    {
        null or RowsRank => axis is 0 or 1 or -2,
        TextRank => axis is 0 or -2,
        _ => false,
    };

    // What is reduced along features is a norm; a share is none of several rows.
    private static bool PoolsOver(NodeProto node, ValueRanks ranks) => node.OpType switch
    {
        "GlobalAveragePool" or "GlobalMaxPool" => true,
        _ => node.OpType.StartsWith("Reduce", StringComparison.Ordinal)
            && (ranks.AxesOf(node) is not { Count: 1 } axes
                || (axes[0] != -1 && axes[0] != ranks.Of(node.Input[0]) - 1)),
    };

    private static int[]? Numbers(GraphProto graph, NodeProto node, int place) => node.Input.Count > place
        && HeldTensors.Of(graph).FirstOrDefault(held => held.Name == node.Input[place]).Tensor is { } tensor
        && tensor.DataLocation != TensorProto.Types.DataLocation.External
        && tensor.DataType is (int)TensorProto.Types.DataType.Int64 or (int)TensorProto.Types.DataType.Int32
            ? TensorNumbers.Read(InlineData.Open(tensor.Name, tensor)).Integers
            : null;
}
