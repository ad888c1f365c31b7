using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// A tensor of many positions whose cells are not written out: a label for every feature stands for its numbers at all
/// positions, a vector. An operator makes vectors of vectors as it makes cells of cells, so what holds for expressions
/// of cells holds for those of vectors; where it treats positions apart (mixes, moves or drops them), the kind of its
/// nodes says how.
/// </summary>
/// <param name="Store">Where the labels are from.</param>
/// <param name="Axes">What is along each axis.</param>
/// <param name="Labels">A label for every feature, row-major over the features of all axes.</param>
internal sealed record PlacedValue(NodeStore Store, PlacedAxis[] Axes, int[] Labels)
    : Value(Array.ConvertAll(Axes, axis => axis.Length))
{
    private LabelValue? _written;

    // What is changed is written out anew.
    private PlacedValue(PlacedValue other)
        : base(other) =>
        (Store, Axes, Labels, AlikeRows) = (other.Store, other.Axes, other.Labels, other.AlikeRows);

    /// <summary>How many rows of a batch, the outermost positions, are known to be treated alike.</summary>
    public int AlikeRows { get; init; } = 1;

    /// <summary>The tensor at one position: axes of positions have length one.</summary>
    public LabelValue Core => new(Array.ConvertAll(Axes, axis => axis.Features), Labels);

    /// <summary>How many positions there are along each axis; they are counted row-major.</summary>
    public int[] Layout => Array.ConvertAll(Axes, axis => axis.Places);

    /// <summary>How many positions there are.</summary>
    public int Places => Shapes.Count(Layout);

    /// <summary>A picture: its batch and its sides are positions.</summary>
    public static PlacedValue Of(FeatureMapValue map)
    {
        var kind = map.Store.Kinds.Id(
            $"picture {map.Shape[0]}x{string.Join('x', map.Shape[2..])} {Digest<int>(map.Sites)}");
        var axes = Array.ConvertAll(map.Shape, PlacedAxis.OfPlaces);
        axes[1] = PlacedAxis.OfFeatures(map.Shape[1]);
        return new PlacedValue(map.Store, axes, CellWise.Ordered(map.Store, kind, map.Columns))
        {
            AlikeRows = map.HasAlikeRows ? map.Shape[0] : 1,
        };
    }

    /// <summary>A short name of numbers that differs where they do.</summary>
    public static string Digest<T>(ReadOnlySpan<T> numbers)
        where T : unmanaged => Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes(numbers)));

    /// <summary>What an operator makes of every vector, in a kind of its own.</summary>
    public int[] Made(string what) => Each(Store, Store.Kinds.Id(what), Core, []);

    /// <summary>A node for every feature, on its label and on those that all have in common.</summary>
    public static int[] Each(NodeStore store, int kind, LabelValue features, params ReadOnlySpan<int> common)
    {
        var order = new LaneAxis(store.Runs, features.Shape, features.Labels);
        int[][] operands = [order.There(features.Labels), .. common.ToArray().Select(label => new[] { label })];
        return order.Back(CellWise.Ordered(store, kind, operands));
    }

    /// <summary>The same cell by cell, with every position told apart.</summary>
    public LabelValue WriteOut()
    {
        if (_written is not null)
        {
            return _written;
        }

        PlacedFactor[] factors = [.. Axes.SelectMany(axis => axis.Factors)];
        int[] lengths = Array.ConvertAll(factors, factor => factor.Length);
        var (places, features) = (
            Shapes.Walk(lengths, Strides(factors, ofPlaces: true)),
            Shapes.Walk(lengths, Strides(factors, ofPlaces: false)));
        var kind = Store.Kinds.Id("in its place");
        int[][] told = [.. Store.Places(Places / AlikeRows).Select(place => Each(Store, kind, Core, place))];
        var labels = new int[places.Length];
        for (var cell = 0; cell < labels.Length; cell++)
        {
            labels[cell] = told[places[cell] % told.Length][features[cell]];
        }

        return _written = new LabelValue(Shape, labels);
    }

    /// <summary>How far apart neighbours along each part are, among positions or among features.</summary>
    public static int[] Strides(PlacedFactor[] factors, bool ofPlaces)
    {
        var strides = new int[factors.Length];
        var stride = 1;
        for (var i = factors.Length - 1; i >= 0; i--)
        {
            if (factors[i].IsPlace == ofPlaces)
            {
                strides[i] = stride;
                stride *= factors[i].Length;
            }
        }

        return strides;
    }
}
