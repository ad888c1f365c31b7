using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>Queries and keys whose products are not written out.</summary>
/// <param name="Store">Where nodes are made.</param>
/// <param name="Queries"><c>[…, M, K]</c>.</param>
/// <param name="Keys"><c>[…, P, K]</c>.</param>
internal sealed record ScoreProduct(NodeStore Store, LabelValue Queries, LabelValue Keys)
{
    /// <summary>How many keys there are for each query.</summary>
    public int KeyCount => Keys.Shape[^2];

    /// <summary>Axes before the rows.</summary>
    public int[] Batch { get; } = Shapes.Broadcast(Queries.Shape.AsSpan(..^2), Keys.Shape.AsSpan(..^2));

    /// <summary>Shape of the products.</summary>
    public int[] Shape => [.. Batch, Queries.Shape[^2], KeyCount];

    /// <summary>Rows of scores, or of shares, times values.</summary>
    /// <param name="scores">What was made of the products; its rows are those of the products, in order.</param>
    /// <param name="values"><c>[…, P, N]</c>.</param>
    /// <returns>Null where scores must be written out.</returns>
    public LabelValue? Mix(ScoresValue scores, LabelValue values)
    {
        var (width, length, rowCount) = (values.Shape[^1], scores.Shape[^2], Queries.Shape[^2]);
        var rows = new UniqueRows(Queries.Labels, Queries.Shape[^1]);
        var keys = new UniqueRows(Keys.Labels, KeyCount * Keys.Shape[^1]);
        var matrices = new UniqueRows(values.Labels, KeyCount * width);
        var (queryLanes, keyLanes) = (Lanes(Queries, Batch), Lanes(Keys, Batch));
        var valueLanes = Lanes(values, scores.Shape[..^2]);
        var columns = new Dictionary<(int Key, int Value), KeyColumns>();
        var products = new Dictionary<(int Row, int Key, int Value), int>();
        var labels = new int[scores.RowCount * width];
        for (var row = 0; row < scores.RowCount; row++)
        {
            var (lane, place) = Math.DivRem(row, rowCount);
            var head = (keys.Ids[keyLanes[lane]], matrices.Ids[valueLanes[row / length]]);
            if (!columns.TryGetValue(head, out var column))
            {
                column = KeyColumns.Of(Store, keys[head.Item1], matrices[head.Item2], KeyCount, scores.HasPlaces);
                if (column is null)
                {
                    return null;
                }

                columns.Add(head, column);
            }

            var key = (rows.Ids[(queryLanes[lane] * rowCount) + place], head.Item1, head.Item2);
            if (!products.TryGetValue(key, out var dot))
            {
                products.Add(key, dot = column.Products(Store, rows[key.Item1]));
            }

            column.Mixed(Store, scores.Row(row, dot)).CopyTo(labels, row * width);
        }

        return new LabelValue([.. scores.Shape[..^1], width], labels);
    }

    private static int[] Lanes(LabelValue value, int[] batch) =>
        Shapes.Stretch(value.Shape.AsSpan(0, value.Rank - 2), batch);
}
