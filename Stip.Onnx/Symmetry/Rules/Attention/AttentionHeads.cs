using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>
/// Attention of one batch entry written out: scores against every different key row, their softmax, the mix of value
/// rows.
/// Which positions are masked changes nothing about features, so each different row counts once.
/// </summary>
/// <param name="Store">Where nodes are made.</param>
/// <param name="Name">Tells operators with different settings apart.</param>
/// <param name="Keys">Rows of keys <c>[positions, head_dim]</c> of one KV head.</param>
/// <param name="Values">Rows of values <c>[positions, value_dim]</c> of the same KV head.</param>
internal sealed record AttentionHeads(NodeStore Store, string Name, LabelValue Keys, LabelValue Values)
{
    private KeyColumns? _columns;
    private bool _isTied;
    private List<int>? _rows;

    /// <summary>What one query row of one head becomes, <c>[value_dim]</c>.</summary>
    /// <param name="query">The row <c>[head_dim]</c>.</param>
    /// <param name="extras">Labels that belong to the head and enter every score: a bias, a slope.</param>
    /// <param name="sink">A further score in the softmax, or null.</param>
    public int[] Attend(ReadOnlySpan<int> query, ReadOnlySpan<int> extras, int? sink)
    {
        var rows = _rows ??= DifferentRows();
        if (IsFolded && !_isTied)
        {
            _columns ??= KeyColumns.Of(Store, Rows(Keys, rows), Rows(Values, rows), rows.Count, hasPlaces: false);
            _isTied = _columns is null;
        }

        if (_columns is { } columns)
        {
            return AttendFolded(query, extras, sink, columns);
        }

        var scores = new int[rows.Count];
        var scoreKind = Store.Kinds.Id($"{Name} score");
        for (var i = 0; i < scores.Length; i++)
        {
            scores[i] = Store.Ordered(scoreKind, [Contraction.Dot(Store, query, Row(Keys, rows[i])), .. extras]);
        }

        var set = Store.Unordered(Store.Kinds.Id($"{Name} scores"), sink is { } extra ? [.. scores, extra] : scores);
        var shareKind = Store.Kinds.Id($"{Name} share");
        var shares = Array.ConvertAll(scores, score => Store.Ordered(shareKind, score, set));
        var product = Store.Kinds.Id("product");
        int[][] terms = [.. rows.Select((row, i) =>
            CellWise.Ordered(Store, product, [shares[i]], Row(Values, row).ToArray()))];
        return CellWise.Unordered(Store, Store.Kinds.Id("sum"), terms);
    }

    /// <summary>True where scores are kept by rows.</summary>
    public bool IsFolded { get; init; }

    private int[] AttendFolded(ReadOnlySpan<int> query, ReadOnlySpan<int> extras, int? sink, KeyColumns columns)
    {
        var score = Store.Ordered(Store.Kinds.Id($"{Name} score"), [columns.Products(Store, query), .. extras]);
        var shares = Store.Ordered(Store.Kinds.Id($"{Name} share"), sink is { } extra ? [score, extra] : [score]);
        return columns.Mixed(Store, shares);
    }

    private static int[] Rows(LabelValue value, List<int> rows) =>
        [.. rows.SelectMany(row => Row(value, row).ToArray())];

    private static ReadOnlySpan<int> Row(LabelValue value, int row) =>
        value.Labels.AsSpan(row * value.Shape[^1], value.Shape[^1]);

    private List<int> DifferentRows()
    {
        var keys = new UniqueRows(Keys.Labels, Keys.Shape[^1]);
        var values = new UniqueRows(Values.Labels, Values.Shape[^1]);
        var seen = new HashSet<(int Key, int Value)>();
        return [.. Enumerable.Range(0, Keys.Shape[0]).Where(row => seen.Add((keys.Ids[row], values.Ids[row])))];
    }
}
