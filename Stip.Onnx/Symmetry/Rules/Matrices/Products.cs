using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Two ways to write out a product of activations, for labels that rise along different axes.</summary>
internal static class Products
{
    /// <summary>
    /// Every row of <c>[…, M, K]</c> with every row of <c>[…, N, K]</c>, cell by cell: for labels that rise along K, as
    /// in a query times a key.
    /// </summary>
    public static LabelValue OfRows(NodeStore store, LabelValue left, LabelValue right)
    {
        var (rowCount, columnCount, inner) = (left.Shape[^2], right.Shape[^2], left.Shape[^1]);
        var batch = Shapes.Broadcast(left.Shape.AsSpan(..^2), right.Shape.AsSpan(..^2));
        var (lefts, rights) = (Matrices(left, batch), Matrices(right, batch));
        var (rows, columns) = (new UniqueRows(left.Labels, inner), new UniqueRows(right.Labels, inner));
        var memo = new Dictionary<(int Row, int Column), int>();
        var labels = new int[lefts.Length * rowCount * columnCount];
        for (var cell = 0; cell < labels.Length; cell++)
        {
            var (row, column) = Math.DivRem(cell, columnCount);
            var (matrix, place) = Math.DivRem(row, rowCount);
            var key = (
                rows.Ids[(lefts[matrix] * rowCount) + place], columns.Ids[(rights[matrix] * columnCount) + column]);
            if (!memo.TryGetValue(key, out var sum))
            {
                memo.Add(key, sum = Contraction.Dot(store, rows[key.Item1], columns[key.Item2]));
            }

            labels[cell] = sum;
        }

        return new LabelValue([.. batch, rowCount, columnCount], labels);
    }

    /// <summary>
    /// Rows <c>[…, M, K]</c> that say how the rows <c>[…, K, N]</c> are mixed, row by row: for labels that rise along
    /// N, as in the shares of positions times their values.
    /// </summary>
    /// <param name="store">Where nodes are made.</param>
    /// <param name="shares">The rows of factors.</param>
    /// <param name="rows">The rows that are mixed.</param>
    /// <param name="isTurned">True where the factors are the right operand.</param>
    public static LabelValue Mix(NodeStore store, LabelValue shares, LabelValue rows, bool isTurned)
    {
        var (rowCount, width) = (shares.Shape[^2], rows.Shape[^1]);
        var batch = Shapes.Broadcast(shares.Shape.AsSpan(..^2), rows.Shape.AsSpan(..^2));
        var (lefts, rights) = (Matrices(shares, batch), Matrices(rows, batch));
        var unique = new UniqueRows(shares.Labels, shares.Shape[^1]);
        var matrices = new UniqueRows(rows.Labels, rows.Shape[^2] * width);
        var memo = new Dictionary<(int Row, int Matrix), int[]>();
        var labels = new int[lefts.Length * rowCount * width];
        for (var row = 0; row < lefts.Length * rowCount; row++)
        {
            var (matrix, place) = Math.DivRem(row, rowCount);
            var key = (unique.Ids[(lefts[matrix] * rowCount) + place], matrices.Ids[rights[matrix]]);
            if (!memo.TryGetValue(key, out var made))
            {
                memo.Add(key, made = MixRow(store, unique[key.Item1], matrices[key.Item2], width, isTurned));
            }

            made.CopyTo(labels, row * width);
        }

        return new LabelValue([.. batch, rowCount, width], labels);
    }

    private static int[] MixRow(
        NodeStore store, ReadOnlySpan<int> shares, ReadOnlySpan<int> rows, int width, bool isTurned)
    {
        var product = store.Kinds.Id("product");
        var terms = new int[shares.Length][];
        for (var i = 0; i < terms.Length; i++)
        {
            int[] share = [shares[i]];
            var row = rows.Slice(i * width, width).ToArray();
            terms[i] = isTurned
                ? CellWise.Ordered(store, product, row, share)
                : CellWise.Ordered(store, product, share, row);
        }

        return CellWise.Unordered(store, store.Kinds.Id("sum"), terms);
    }

    private static int[] Matrices(LabelValue value, int[] batch) =>
        Shapes.Stretch(value.Shape.AsSpan(0, value.Rank - 2), batch);
}
