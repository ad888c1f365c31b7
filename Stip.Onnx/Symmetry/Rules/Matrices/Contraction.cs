using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Sums of products: of two activations, or of an activation and a weight.</summary>
internal static class Contraction
{
    /// <summary>
    /// Rows times a weight matrix: <c>[…, M, K] × [K, N]</c>, or with a stack <c>[…, K, N]</c> of such.
    /// </summary>
    public static LabelValue Dense(NodeStore store, LabelValue rows, WeightValue weight)
    {
        var (inner, outer) = (weight.Axes[^2].Nodes, weight.Axes[^1].Nodes);
        var stack = weight.Shape[..^2];
        var batch = Shapes.Broadcast(rows.Shape.AsSpan(..^2), stack);
        var rowCount = rows.Shape[^2];
        var unique = new UniqueRows(rows.Labels, inner.Length);
        var matrices = Shapes.Stretch(rows.Shape.AsSpan(0, rows.Rank - 2), batch);
        var layers = Shapes.Stretch(stack, batch);
        var memo = new Dictionary<(int Row, int Layer), int[]>();
        var labels = new int[matrices.Length * rowCount * outer.Length];
        for (var row = 0; row < matrices.Length * rowCount; row++)
        {
            var (matrix, place) = Math.DivRem(row, rowCount);
            var key = (unique.Ids[(matrices[matrix] * rowCount) + place], layers[matrix]);
            if (!memo.TryGetValue(key, out var made))
            {
                memo.Add(key, made = DenseRow(store, unique[key.Item1], inner, outer, LayerNodes(weight, key.Item2)));
            }

            made.CopyTo(labels, row * outer.Length);
        }

        return new LabelValue([.. batch, rowCount, outer.Length], labels);
    }

    /// <summary><c>[…, M, K] × […, K, N]</c>, both activations.</summary>
    public static LabelValue Product(NodeStore store, LabelValue left, LabelValue right)
    {
        var (leftTurned, rightTurned) = (Transposed(left), Transposed(right));
        var (alongRows, alongColumns) = (Rises(store, leftTurned), Rises(store, right));
        if (RisesAlongSum(store, left, rightTurned))
        {
            return Products.OfRows(store, left, rightTurned);
        }

        return alongColumns >= alongRows
            ? Products.Mix(store, left, right, isTurned: false)
            : Transposed(Products.Mix(store, rightTurned, leftTurned, isTurned: true));
    }

    /// <summary>
    /// The sum of products of two rows. Left stays left: what the one operand is made of never trades places with what
    /// the other is made of, queries with keys.
    /// </summary>
    public static int Dot(NodeStore store, ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        var terms = CellWise.Ordered(store, store.Kinds.Id("product"), left.ToArray(), right.ToArray());
        return store.Unordered(store.Kinds.Id("sum"), terms);
    }

    private static int[] DenseRow(NodeStore store, ReadOnlySpan<int> row, int[] inner, int[] outer, int[] layer)
    {
        var pairs = CellWise.Ordered(store, store.Kinds.Id("pair"), row.ToArray(), inner);
        var block = store.Unordered(store.Kinds.Id("block"), pairs);
        int[][] layers = [.. layer.Select(node => new[] { node })];
        return CellWise.Ordered(store, store.Kinds.Id("dense"), [[block], outer, .. layers]);
    }

    private static int[] LayerNodes(WeightValue weight, int layer)
    {
        var index = new int[weight.Rank - 2];
        for (var axis = index.Length - 1; axis >= 0; axis--)
        {
            (layer, index[axis]) = Math.DivRem(layer, weight.Shape[axis]);
        }

        return [.. index.Select((i, axis) => (i, weight.Axes[axis])).Where(entry => entry.Item2.IsIndexed)
            .Select(entry => entry.Item2.Nodes[entry.i]), .. weight.Fixed];
    }

    /// <summary>True where labels of <c>[…, M, K]</c> and <c>[…, N, K]</c> go up one by one along K rather than
    /// along rows.</summary>
    public static bool RisesAlongSum(NodeStore store, LabelValue left, LabelValue right)
    {
        var alongSum = Rises(store, left) + Rises(store, right);
        return alongSum >= Rises(store, Transposed(left)) && alongSum >= Rises(store, Transposed(right));
    }

    /// <summary>True where most labels of rows go up one by one.</summary>
    public static bool RisesAlongRows(NodeStore store, LabelValue value) =>
        2 * Rises(store, value) > value.Labels.Length * (value.Shape[^1] - 1) / value.Shape[^1];

    /// <summary>The last two axes traded.</summary>
    public static LabelValue Transposed(LabelValue value)
    {
        var picks = Enumerable.Range(0, value.Rank).Select(axis => AxisPick.All(axis, value.Shape[axis])).ToArray();
        (picks[^1], picks[^2]) = (picks[^2], picks[^1]);
        return (LabelValue)Moves.ByAxes(value, picks);
    }

    // How often a label is followed by the next along the last axis: there the product has runs.
    private static int Rises(NodeStore store, LabelValue value)
    {
        var rises = 0;
        for (var i = 1; i < value.Labels.Length; i++)
        {
            rises += store.Runs.GoesOn(value.Labels, i, i - (i % value.Shape[^1])) ? 1 : 0;
        }

        return rises;
    }
}
