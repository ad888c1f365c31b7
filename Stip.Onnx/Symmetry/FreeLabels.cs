using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>Labels of what comes from outside: features are free, every position has labels of its own.</summary>
internal static class FreeLabels
{
    /// <param name="store">Where nodes are made.</param>
    /// <param name="nodes">One node a feature.</param>
    /// <param name="shape">The tensor's.</param>
    /// <param name="features">Its axes of features; the nodes are over their product.</param>
    /// <param name="alike">Axes along which all is the same.</param>
    public static LabelValue Of(NodeStore store, int[] nodes, int[] shape, int[] features, params int[] alike)
    {
        var own = Shapes.Strides(Array.ConvertAll(features, axis => shape[axis]));
        var strides = new int[shape.Length];
        foreach (var (axis, i) in features.Select((axis, i) => (axis, i)))
        {
            strides[axis] = own[i];
        }

        // Every row has labels of its own: what is multiplied with the first one or the third of four that are put side
        // by side must not trade places with what is multiplied with another.
        var cells = Shapes.Walk(shape, strides);
        int[] open = [.. shape.Select((length, axis) => features.Contains(axis) || alike.Contains(axis) ? 1 : length)];
        var spread = Shapes.Stretch(open, shape);
        int[][] told = [.. store.Places(Shapes.Count(open)).Select(place =>
            CellWise.Ordered(store, store.Kinds.Id("at"), nodes, [place]))];
        return new LabelValue(
            shape, [.. cells.Zip(spread).Select(pair => told[pair.Second][pair.First])]);
    }

    /// <summary>Labels of what stays as it is, cell by cell.</summary>
    public static LabelValue None(NodeStore store, string kind, int[] shape) =>
        new(shape, CellWise.Ordered(store, store.Kinds.Id(kind), store.Places(Shapes.Count(shape))));
}
