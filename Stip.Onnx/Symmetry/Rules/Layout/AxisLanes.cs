using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>A tensor seen as blocks of rows along one axis: <c>[outer, length, inner]</c>.</summary>
internal sealed record AxisLanes(int[] Labels, int Outer, int Length, int Inner)
{
    public static AxisLanes Of(LabelValue value, int axis) => new(
        value.Labels,
        Shapes.Count(value.Shape.AsSpan(0, axis)),
        value.Shape[axis],
        Shapes.Count(value.Shape.AsSpan(axis + 1)));

    /// <summary>The labels of one row, lane by lane.</summary>
    public int[] Row(int outer, int place) => Labels.AsSpan(((outer * Length) + place) * Inner, Inner).ToArray();

    /// <summary>All rows of a block.</summary>
    public int[][] Rows(int outer) => [.. Enumerable.Range(0, Length).Select(place => Row(outer, place))];

    /// <summary>One lane of a block.</summary>
    public int[] Lane(int outer, int inner) =>
        [.. Enumerable.Range(0, Length).Select(place => Labels[(((outer * Length) + place) * Inner) + inner])];
}
