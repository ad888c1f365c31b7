using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Attention;

/// <summary>What else enters rows of scores: a scale, a bias, a mask.</summary>
/// <param name="Rows">A node for every row.</param>
/// <param name="HasPlaces">True where a row has different ones for different keys.</param>
internal sealed record ScoreExtras(int[] Rows, bool HasPlaces)
{
    public static readonly ScoreExtras None = new([], HasPlaces: false);

    /// <param name="store">Where nodes are made.</param>
    /// <param name="value">Something that is stretched to the scores.</param>
    /// <param name="shape">Shape of the scores.</param>
    public static ScoreExtras Of(NodeStore store, LabelValue value, int[] shape)
    {
        int[] own = [.. Enumerable.Repeat(1, shape.Length - value.Rank), .. value.Shape];
        var sources = Shapes.Stretch(own.AsSpan(..^1), shape.AsSpan(..^1));
        var width = own[^1];
        var made = new int[width == 0 ? 0 : value.Labels.Length / width];
        var (kind, hasPlaces) = (store.Kinds.Id("row of labels"), false);
        for (var row = 0; row < made.Length; row++)
        {
            var labels = value.Labels.AsSpan(row * width, width);
            var differ = labels.ContainsAnyExcept(labels[0]);
            hasPlaces |= differ;
            made[row] = differ ? store.Ordered(kind, labels) : labels[0];
        }

        return new ScoreExtras(Array.ConvertAll(sources, source => made[source]), hasPlaces);
    }
}
