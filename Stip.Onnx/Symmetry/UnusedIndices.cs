using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Holds indices of weights that no output has met: at these sizes nothing reads them, at others something may (rows
/// of a position table beyond the sequence of the run).
/// </summary>
internal static class UnusedIndices
{
    private const string Reason = "nothing reads it at the sizes of the run";

    public static void Pin(IReadOnlyList<LabelledPart> parts, NodeStore store)
    {
        var reached = new ReachedLabels(store.Runs);
        for (var run = 0; run < store.Runs.Count; run++)
        {
            if (PinKinds.Reason(store.Kinds.Name(store.Runs.KindOf(run))) is not null)
            {
                reached.Add(new LabelRange(store.Runs.First(run), store.Runs.Lanes(run)));
            }
        }

        foreach (var port in parts.SelectMany(part => part.Inputs.Concat(part.Outputs)))
        {
            foreach (var node in port.Nodes)
            {
                reached.Add(new LabelRange(node, 1));
            }
        }

        foreach (var weight in parts.SelectMany(part => part.Weights))
        {
            for (var axis = 0; axis < weight.Shape.Length; axis++)
            {
                Pin(weight.AxisOrNull(axis) ?? [], reached, store);
            }
        }
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
