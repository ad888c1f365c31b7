using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Axes in another order.</summary>
internal sealed class TransposeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Transpose"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var order = call.Integers("perm")?.Select(axis => (int)axis).ToArray()
            ?? [.. Enumerable.Range(0, value.Rank).Reverse()];
        call.Set(0, Moves.ByAxes(value, Array.ConvertAll(order, axis => AxisPick.All(axis, value.Shape[axis]))));
    }
}
