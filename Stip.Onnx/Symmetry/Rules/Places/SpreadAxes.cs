using System.Globalization;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Places;

/// <summary>
/// Axes that operators slide over, as positions: features that a reshape has laid among positions (what a convolution
/// gives for the four pixels of each place) become one vector over all of them, the features in their order.
/// </summary>
internal static class SpreadAxes
{
    private const int MostFeatures = 1 << 12;

    /// <summary>The tensor with no features along some axes; null where they are too many.</summary>
    public static PlacedValue? Of(PlacedValue value, params IEnumerable<int> axes)
    {
        foreach (var axis in axes.Where(axis => value.Axes[axis].Features > 1).ToArray())
        {
            if (value.Axes[axis].Features > MostFeatures)
            {
                return null;
            }

            value = Spread(value, axis);
        }

        return value;
    }

    /// <summary>Tensors with the same along every axis that is not one long: where it is features in one and positions
    /// in another, it is positions in all. Null where that cannot be.</summary>
    public static PlacedValue[]? Alike(PlacedValue[] values)
    {
        var rank = values.Max(value => value.Rank);
        for (var i = 1; i <= rank; i++)
        {
            PlacedAxis[] own = [.. values.Where(value => value.Rank >= i && value.Axes[^i].Length > 1)
                .Select(value => value.Axes[^i])];
            if (own.Skip(1).All(axis => axis.Is(own[0])))
            {
                continue;
            }

            PlacedValue?[] spread =
                Array.ConvertAll(values, value => value.Rank >= i ? Of(value, value.Rank - i) : value);
            if (own.Any(axis => axis.Length != own[0].Length) || Array.Exists(spread, value => value is null))
            {
                return null;
            }

            values = spread!;
        }

        return values;
    }

    private static PlacedValue Spread(PlacedValue value, int axis)
    {
        var own = value.Axes[axis];
        var among = string.Join(',', own.Factors.Select(factor => factor.IsPlace ? factor.Length : -factor.Length));
        var kind = value.Store.Kinds.Id(string.Create(
            CultureInfo.InvariantCulture, $"positions {PlacedOperands.Layout(value)} along {axis} among {among}"));
        var inner = Shapes.Count(value.Axes.Skip(axis + 1).Select(other => other.Features).ToArray());
        var outer = value.Labels.Length / own.Features / inner;
        int[][] parts = [.. Enumerable.Range(0, own.Features).Select(feature =>
            Enumerable.Range(0, outer).SelectMany(block => Enumerable.Range(0, inner)
                .Select(cell => value.Labels[(((block * own.Features) + feature) * inner) + cell])).ToArray())];
        var axes = value.Axes.ToArray();
        axes[axis] = PlacedAxis.OfPlaces(own.Length);
        int[] shape = Array.ConvertAll(axes, one => one.Features);
        var order = new LaneAxis(value.Store.Runs, shape, parts[0]);
        return new PlacedValue(value.Store, axes, order.Back(CellWise.Ordered(
            value.Store, kind, Array.ConvertAll(parts, order.There))))
        {
            AlikeRows = axis > 0 && value.Axes[0].Places % value.AlikeRows == 0 ? value.AlikeRows : 1,
        };
    }
}
