using Stip.Onnx.Symmetry.Rules.Sets;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Cells;

/// <summary>Numbers to integers, with factors that are given or that come from the whole tensor.</summary>
internal sealed class QuantizeRule : IOperatorRule
{
    public IEnumerable<string> Operators =>
        ["QuantizeLinear", "com.microsoft.QuantizeLinear", "DynamicQuantizeLinear"];

    public void Apply(OperatorCall call)
    {
        var value = call.Labels(0);
        if (call.Operation != "DynamicQuantizeLinear")
        {
            call.Set(0, CellWise(call, value, Shapes.Axis(call.Integer("axis", 1), Math.Max(value.Rank, 1)), 1, 2));
            return;
        }

        // Rounding depends on the extremes of all cells, in whatever order.
        int[] all = [.. Enumerable.Range(0, value.Rank)];
        call.Set(0, AgainstSet.Label(call, value, all));
        call.Set(1, AgainstSet.Sets(call, value, all, "scale of all") with { Shape = [] });
        call.Set(2, AgainstSet.Sets(call, value, all, "zero point of all") with { Shape = [] });
    }

    /// <summary>Each cell with the scale and zero point of its place.</summary>
    public static LabelValue CellWise(OperatorCall call, LabelValue value, int axis, int scale, int zeroPoint)
    {
        var operands = new List<Value> { value, Spread(call.Input(scale), value.Rank, axis) };
        if (call.Optional(zeroPoint) is { } zero)
        {
            operands.Add(Spread(zero, value.Rank, axis));
        }

        return Elementwise.Combine(call, call.Kind(), operands);
    }

    private static Value Spread(Value factor, int rank, int axis) => factor.Rank != 1 || factor.Count == 1
        ? factor
        : Moves.ByAxes(factor, [.. Enumerable.Range(0, rank).Select(a => a == axis
            ? AxisPick.All(0, factor.Shape[0])
            : AxisPick.New(1))]);
}
