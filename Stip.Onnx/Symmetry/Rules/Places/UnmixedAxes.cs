using System.Globalization;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Places;

/// <summary>
/// Positions that a reshape has laid among features (the four patches that become one, the pixels of a patch) as
/// features of their own: what is at the first of them is one vector over the positions that are left, what is at the
/// second another.
/// </summary>
internal static class UnmixedAxes
{
    // Heads of all windows of a large picture are better left as they are.
    private const int MostFeatures = 1 << 14;

    /// <summary>The tensor with no axis that holds positions and features; itself where there is none.</summary>
    public static PlacedValue Of(PlacedValue value)
    {
        for (var axis = 0; axis < value.Rank; axis++)
        {
            value = Of(value, axis);
        }

        return value;
    }

    /// <summary>The same of one axis.</summary>
    public static PlacedValue Of(PlacedValue value, int axis) =>
        value.Axes[axis] is { IsPlaces: false, IsFeatures: false, Length: <= MostFeatures }
            ? Apart(value, axis)
            : value;

    private static PlacedValue Apart(PlacedValue value, int axis)
    {
        var own = value.Axes[axis];
        var layout = PlacedOperands.Layout(value);
        int[][] parts = [.. Enumerable.Range(0, own.Places).Select(place => value.Made(
            string.Create(CultureInfo.InvariantCulture, $"positions {layout} at {axis} only {place}")))];
        int[] lengths = Array.ConvertAll(own.Factors, factor => factor.Length);
        var (places, features) = (
            Shapes.Walk(lengths, PlacedValue.Strides(own.Factors, ofPlaces: true)),
            Shapes.Walk(lengths, PlacedValue.Strides(own.Factors, ofPlaces: false)));
        var inner = Shapes.Count(value.Axes.Skip(axis + 1).Select(other => other.Features).ToArray());
        var outer = value.Labels.Length / own.Features / inner;
        var labels = new List<int>(outer * own.Length * inner);
        for (var block = 0; block < outer; block++)
        {
            for (var cell = 0; cell < places.Length; cell++)
            {
                var start = ((block * own.Features) + features[cell]) * inner;
                labels.AddRange(parts[places[cell]].AsSpan(start, inner));
            }
        }

        var axes = value.Axes.ToArray();
        axes[axis] = PlacedAxis.OfFeatures(own.Length);
        var keepsRows = axis > 0 && value.Axes[0].Places % value.AlikeRows == 0;
        return new PlacedValue(value.Store, axes, [.. labels]) { AlikeRows = keepsRows ? value.AlikeRows : 1 };
    }
}
