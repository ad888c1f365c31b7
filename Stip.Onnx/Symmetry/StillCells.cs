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
    /// <param name="mayMove">Is given those cells; false where they are numbers at every length.</param>
    public static void Tie(NodeStore store, int[][] operands, int[] shape, Func<int[], bool> mayMove)
    {
        var count = operands.Length == 0 ? 0 : operands[0].Length;
        int[] cells = [.. Enumerable.Range(0, count)
            .Where(cell => Array.TrueForAll(operands, labels => store.IsNumber(labels[cell])))];
        if (cells.Length == 0 || cells.Length == count || !mayMove(cells))
        {
            return;
        }

        var (still, strides) = (cells.ToHashSet(), Shapes.Strides(shape));
        var beside = shape.Select((length, axis) => Beside(store, operands, still, axis, length, strides[axis]))
            .ToArray();
        var kind = store.Kinds.Id("still");
        foreach (var cell in cells)
        {
            var tied = store.Ordered(
                kind, [.. beside.Select((labels, axis) => labels[cell / strides[axis] % shape[axis]])]);
            foreach (var labels in operands)
            {
                labels[cell] = tied;
            }
        }
    }

    // For each place along an axis that has such cells the set of what is computed there, or the place itself.
    private static Dictionary<int, int> Beside(
        NodeStore store, int[][] operands, HashSet<int> still, int axis, int length, int stride)
    {
        var kind = store.Kinds.Id("beside still", axis);
        var places = still.Select(cell => cell / stride % length).Distinct();
        var cells = Enumerable.Range(0, operands[0].Length).Where(cell => !still.Contains(cell))
            .ToLookup(cell => cell / stride % length);
        return places.Order().ToDictionary(place => place, place => cells[place].Any()
            ? store.Unordered(kind, [.. cells[place].SelectMany(cell => operands.Select(labels => labels[cell]))])
            : store.Ordered(store.PlaceKind(place)));
    }
}
