using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Cells repeated.</summary>
internal sealed class ExpandRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Expand", "Tile"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var sizes = call.Known(1).Integers;
        if (call.Operation == "Tile")
        {
            call.Set(0, Moves.ByAxes(value, [.. value.Shape.Select((length, axis) => new AxisPick(
                axis, [.. Enumerable.Range(0, length * sizes[axis]).Select(i => i % length)]))]));
            return;
        }

        var shape = Shapes.Broadcast(value.Shape, sizes);
        var added = shape.Length - value.Rank;
        call.Set(0, Moves.ByAxes(value, [.. shape.Select((length, axis) =>
            axis < added ? AxisPick.New(length)
            : value.Shape[axis - added] == length ? AxisPick.All(axis - added, length)
            : new AxisPick(axis - added, new int[length]))]));
    }
}
