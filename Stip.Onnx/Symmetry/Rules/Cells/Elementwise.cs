using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Operators that work cell by cell on operands stretched to one shape.</summary>
internal static class Elementwise
{
    /// <summary>One node for each cell, of the cells of all operands at its place.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="kind">What the operator does.</param>
    /// <param name="operands">At least one, of shapes that go together.</param>
    /// <param name="commutes">True where the operands may trade places.</param>
    public static LabelValue Combine(
        OperatorCall call, int kind, IReadOnlyCollection<Value> operands, bool commutes = false)
    {
        var shape = operands.Select(value => value.Shape).Aggregate((left, right) => Shapes.Broadcast(left, right));
        int[][] labels = [.. operands.Select(value => Stretched(call.Labels(value), shape))];

        // Where both are stretched they meet across positions, and which is which matters.
        var crossed = operands.Count(value => value.Count != Shapes.Count(shape)) > 1;
        var order = new LaneAxis(call.Store.Runs, shape, labels);
        labels = Array.ConvertAll(labels, order.There);
        return new LabelValue(shape, order.Back(commutes && !crossed
            ? CellWise.Unordered(call.Store, kind, labels)
            : CellWise.Ordered(call.Store, kind, labels)));
    }

    private static int[] Stretched(LabelValue value, int[] shape) =>
        value.Labels.Length == 1 || value.Shape.AsSpan().SequenceEqual(shape)
            ? value.Labels
            : Array.ConvertAll(Shapes.Stretch(value.Shape, shape), i => value.Labels[i]);
}
