using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Cells of an output that are numbers at the lengths of a run, beside others that are computed: scores of tokens that
/// are filled up to a length. All of them look alike there, and at another length some are scores. So each stays where
/// it is along an axis where nothing computed stands, and goes with what is computed along the others.
/// </summary>
internal static class StillCells
{
    /// <summary>Ties them in <paramref name="operands"/>.</summary>
    /// <param name="store">Where nodes are made.</param>
    /// <param name="operands">The labels of all features, for every position.</param>
    /// <param name="shape">Lengths of the axes of features.</param>
    public static void Tie(NodeStore store, int[][] operands, int[] shape)
    {
        var count = operands.Length == 0 ? 0 : operands[0].Length;
        var still = Enumerable.Range(0, count)
            .Where(cell => Array.TrueForAll(operands, labels => store.IsNumber(labels[cell]))).ToHashSet();
        if (still.Count == 0 || still.Count == count)
        {
            return;
        }

        var strides = Shapes.Strides(shape);
        var beside = shape.Select((length, axis) => Beside(store, operands, still, axis, length, strides[axis]))
            .ToArray();
        var kind = store.Kinds.Id("still");
        foreach (var cell in still)
        {
            var tied = store.Ordered(
                kind, [.. beside.Select((labels, axis) => labels[cell / strides[axis] % shape[axis]])]);
            foreach (var labels in operands)
            {
                labels[cell] = tied;
            }
        }
    }

    // For each place along an axis the set of what is computed there, or the place itself.
    private static int[] Beside(
        NodeStore store, int[][] operands, HashSet<int> still, int axis, int length, int stride)
    {
        var kind = store.Kinds.Id("beside still", axis);
        var cells = Enumerable.Range(0, operands[0].Length).Where(cell => !still.Contains(cell))
            .ToLookup(cell => cell / stride % length);
        return [.. Enumerable.Range(0, length).Select(place => cells[place].Any()
            ? store.Unordered(kind, [.. cells[place].SelectMany(cell => operands.Select(labels => labels[cell]))])
            : store.Ordered(store.PlaceKind(place)))];
    }
}
