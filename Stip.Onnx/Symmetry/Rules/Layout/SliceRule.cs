using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Ranges of axes.</summary>
internal sealed class SliceRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Slice"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var picks = Picks(call, value.Shape);
        for (var axis = 0; axis < picks.Length; axis++)
        {
            call.Store.HasPartedLanes |= picks[axis].Indices is [var first, var second, ..] && second - first == 2
                && PartedLanes.Are(call, value, axis);
        }

        if (value is WeightValue weight)
        {
            PinRows(call, weight, picks);
        }

        call.Set(0, Moves.ByAxes(value, picks));
    }

    /// <summary>Which indices of each axis are taken.</summary>
    public static AxisPick[] Picks(OperatorCall call, int[] shape)
    {
        var starts = Bounds(call, 1, "starts");
        var ends = Bounds(call, 2, "ends");
        var axes = Optional(call, 3, "axes") ?? [.. Enumerable.Range(0, starts.Length)];
        var steps = Optional(call, 4, "steps");
        var picks = Enumerable.Range(0, shape.Length).Select(axis => AxisPick.All(axis, shape[axis])).ToArray();
        for (var i = 0; i < starts.Length; i++)
        {
            var axis = Shapes.Axis(axes[i], shape.Length);
            picks[axis] = new AxisPick(axis, Indices(shape[axis], starts[i], ends[i], steps?[i] ?? 1));
        }

        return picks;
    }

    // A part whose bounds follow from lengths shows other indices at other lengths.
    private static void PinRows(OperatorCall call, WeightValue weight, AxisPick[] picks)
    {
        AxisPick[] cut = [.. picks.Where(pick => pick.Indices.Length < weight.Shape[pick.Source])];
        if (cut.Length > 0 && KnownValue.OriginOf(call.Inputs.Skip(1)) != KnownOrigin.Constant
            && call.CutsByLengths(cut.SelectMany(pick => pick.Indices)))
        {
            foreach (var pick in cut)
            {
                weight.Axes[pick.Source].Pin("cut at a place that depends on lengths");
            }
        }
    }

    private static int[] Bounds(OperatorCall call, int input, string attribute) =>
        Optional(call, input, attribute) ?? throw new NotSupportedException($"Slice without {attribute}");

    private static int[]? Optional(OperatorCall call, int input, string attribute) =>
        call.Integers(attribute)?.Select(bound => (int)Math.Clamp(bound, int.MinValue, int.MaxValue)).ToArray()
        ?? (call.Optional(input) is null ? null : call.Known(input).Integers);

    private static int[] Indices(int length, long start, long end, int step)
    {
        var (least, most) = step > 0 ? (0, length) : (-1, length - 1);
        var first = (int)Math.Clamp(start < 0 ? start + length : start, Math.Max(least, 0), most);
        var last = (int)Math.Clamp(end < 0 ? end + length : end, least, most);
        var count = Math.Max(0, (int)Math.Ceiling((last - first) / (double)step));
        return [.. Enumerable.Range(0, count).Select(i => first + (i * step))];
    }
}
