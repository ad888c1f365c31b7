using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Axes of length one dropped or added.</summary>
internal sealed class SqueezeRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Squeeze", "Unsqueeze"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var axes = call.Integers("axes")?.ToArray()
            ?? (call.Optional(1) is null ? null : call.Known(1).Integers.Select(axis => (long)axis).ToArray());
        call.Set(0, call.Operation == "Squeeze" ? Squeeze(value, axes) : Unsqueeze(value, axes ?? []));
    }

    private static Value Squeeze(Value value, long[]? axes)
    {
        var dropped = axes?.Select(axis => Shapes.Axis(axis, value.Rank)).ToHashSet()
            ?? Enumerable.Range(0, value.Rank).Where(axis => value.Shape[axis] == 1).ToHashSet();
        return Moves.ByAxes(
            value,
            [.. Enumerable.Range(0, value.Rank).Where(axis => !dropped.Contains(axis))
                .Select(axis => AxisPick.All(axis, value.Shape[axis]))],
            dropped.ToDictionary(axis => axis, _ => 0));
    }

    private static Value Unsqueeze(Value value, long[] axes)
    {
        var rank = value.Rank + axes.Length;
        var added = axes.Select(axis => Shapes.Axis(axis, rank)).ToHashSet();
        var next = 0;
        return Moves.ByAxes(
            value,
            [.. Enumerable.Range(0, rank).Select(axis =>
                added.Contains(axis) ? AxisPick.New(1) : AxisPick.All(next, value.Shape[next++]))]);
    }
}
