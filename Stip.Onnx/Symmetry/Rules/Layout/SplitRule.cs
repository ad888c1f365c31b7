using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>One axis cut into ranges.</summary>
internal sealed class SplitRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Split"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        var start = 0;
        foreach (var (length, output) in Lengths(call, value.Shape[axis]).Select((length, i) => (length, i)))
        {
            int[] places = [.. Enumerable.Range(start, length)];
            call.Set(output, Moves.ByAxes(value, [.. Enumerable.Range(0, value.Rank).Select(a => a == axis
                ? new AxisPick(a, places)
                : AxisPick.All(a, value.Shape[a]))]));
            start += length;
        }
    }

    /// <summary>How long each part is.</summary>
    public static int[] Lengths(OperatorCall call, int length)
    {
        if (call.Integers("split") is { } attribute)
        {
            return [.. attribute.Select(part => (int)part)];
        }

        if (call.Optional(1) is not null)
        {
            return call.Known(1).Integers;
        }

        var parts = call.OutputCount;
        var each = (length + parts - 1) / parts;
        return [.. Enumerable.Range(0, parts).Select(i => Math.Min(each, length - (i * each)))];
    }
}
