using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// What no output hangs on. Indices of weights that are not read are held: at these sizes nothing reads them, at others
/// something may (rows of a position table beyond the sequence of the run). Nodes that lead nowhere are dropped: they
/// would only tell apart what is alike.
/// </summary>
internal static class LooseEnds
{
    private const string Reason = "nothing reads it at the sizes of the run";

    /// <returns>How many weights nothing reads at these sizes, though the graph has a use for them.</returns>
    public static int Settle(IReadOnlyList<LabelledPart> parts, NodeStore store)
    {
        var reached = Reached(parts, store);
        var missed = parts.Sum(part => Missed(part, reached));
        foreach (var weight in parts.SelectMany(part => part.Weights))
        {
            for (var axis = 0; axis < weight.Shape.Length; axis++)
            {
                Pin(weight.AxisOrNull(axis) ?? [], reached, store);
            }
        }

        reached = Reached(parts, store);
        var dropped = store.Kinds.Id(NodeStore.Dropped);
        for (var run = 0; run < store.Runs.Count; run++)
        {
            if (!reached.HasAny(run))
            {
                store.Runs.Drop(run, dropped);
            }
        }

        return missed;
    }

    private static int Missed(LabelledPart part, ReachedLabels reached)
    {
        string[] names = [.. part.Weights.Where(weight => IsMissed(weight, reached))
            .Select(weight => weight.Tensor.Name)];
        return names.Length == 0 ? 0 : names.Count(Used(part.Part.Graph).Contains);
    }

    private static bool IsMissed(WeightNodes weight, ReachedLabels reached)
    {
        int[] nodes = [.. Enumerable.Range(0, weight.Shape.Length).SelectMany(axis => weight.AxisOrNull(axis) ?? [])];
        return nodes.Length > 0 && !Array.Exists(nodes, reached.Has);
    }

    /// <summary>Values that an output hangs on, as the graph is written.</summary>
    public static HashSet<string> Used(GraphProto graph)
    {
        var used = graph.Output.Select(output => output.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node.Reverse().Where(node => node.Output.Any(used.Contains)))
        {
            used.UnionWith(NodeReads.Of(node));
        }

        return used;
    }

    private static ReachedLabels Reached(IReadOnlyList<LabelledPart> parts, NodeStore store)
    {
        var reached = new ReachedLabels(store.Runs);
        for (var run = 0; run < store.Runs.Count; run++)
        {
            if (HoldingKinds.Has(store.Kinds.Name(store.Runs.KindOf(run))))
            {
                reached.Add(new LabelRange(store.Runs.First(run), store.Runs.Lanes(run)));
            }
        }

        var ports = parts.SelectMany(part => part.Inputs.Concat(part.Outputs)).SelectMany(port => port.Nodes);
        foreach (var node in ports.Concat(parts.SelectMany(part => part.Weights).Select(weight => weight.Root)))
        {
            reached.Add(new LabelRange(node, 1));
        }

        return reached;
    }

    private static void Pin(int[] nodes, ReachedLabels reached, NodeStore store)
    {
        int[] unused = [.. Enumerable.Range(0, nodes.Length).Where(i => !reached.Has(nodes[i]))];
        if (unused.Length > 0)
        {
            var places = store.Places(nodes.Length);
            CellWise.Ordered(
                store,
                store.Kinds.Id(PinKinds.Prefix + Reason),
                Array.ConvertAll(unused, i => nodes[i]),
                Array.ConvertAll(unused, i => places[i]));
        }
    }
}
