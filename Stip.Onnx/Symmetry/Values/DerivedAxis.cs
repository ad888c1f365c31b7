using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>An axis of which every index hangs on indices of other axes: rows of a block-quantised matrix on their
/// blocks, a flattened axis on those it was made of.</summary>
/// <param name="Parts">The other axes.</param>
/// <param name="Make">Makes the nodes when they are first asked for.</param>
internal sealed record DerivedAxis(WeightAxis[] Parts, Func<int[]> Make)
{
    private int[]? _nodes;

    public int[] Nodes => _nodes ??= Make();

    /// <summary>Two or more axes read as one, row-major.</summary>
    public static WeightAxis Product(NodeStore store, WeightNodes weight, int[] shape, WeightAxis[] axes)
    {
        WeightAxis[] parts = [.. axes.Where(axis => axis.IsIndexed)];
        return new WeightAxis(weight, -1, null, new DerivedAxis(parts, Nodes));

        int[] Nodes()
        {
            int[][] nodes = [.. axes.Select((axis, i) => (axis, i)).Where(entry => entry.axis.IsIndexed).Select(
                entry => Array.ConvertAll(
                    Shapes.Stretch([.. shape.Select((length, i) => i == entry.i ? length : 1)], shape),
                    cell => entry.axis.Nodes[cell]))];
            return CellWise.Ordered(store, store.Kinds.Id("axes"), nodes);
        }
    }
}
