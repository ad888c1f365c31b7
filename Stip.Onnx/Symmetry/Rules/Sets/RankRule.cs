using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Rules.Sets;

/// <summary>The largest cells of an axis and their places. A place is a node of its own, "rank r of this set", that
/// points at what stands there; so what is ranked (experts, say) may still trade places.</summary>
internal sealed class RankRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["TopK", "ArgMax", "ArgMin"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var isTop = call.Operation == "TopK";
        var axis = Shapes.Axis(call.Integer("axis", isTop ? -1 : 0), value.Rank);
        var count = !isTop ? 1 : call.Attribute("k") is { } k ? (int)k.I : call.Known(1).Integers[0];
        int[] shape = [.. value.Shape];
        shape[axis] = count;
        if (!isTop && value is KnownValue known)
        {
            call.Set(0, Arg(call, known, axis, shape));
            return;
        }

        var lanes = AxisLanes.Of(call.Labels(value), axis);
        var values = new int[Shapes.Count(shape)];
        var indices = new int[values.Length];

        // The largest and the smallest, the first and the last of equal ones are told apart.
        var own = call.Kind();
        for (var lane = 0; lane < lanes.Outer * lanes.Inner; lane++)
        {
            var (outer, inner) = Math.DivRem(lane, lanes.Inner);
            var places = lanes.Lane(outer, inner);
            var set = call.Store.Unordered(call.Store.Kinds.Id("set"), places);
            for (var rank = 0; rank < count; rank++)
            {
                var cell = (((outer * count) + rank) * lanes.Inner) + inner;
                values[cell] = call.Store.Ordered(call.Store.Kinds.Id($"{call.Operation} value {rank}", own), set);
                indices[cell] = call.Store.Ordered(call.Store.Kinds.Id($"{call.Operation} index {rank}", own), set);
                call.Indices.Add(indices[cell], places);
            }
        }

        if (isTop)
        {
            call.Set(0, new LabelValue(shape, values));
        }

        call.Set(isTop ? 1 : 0, new LabelValue(Kept(call, shape, axis), indices));
    }

    private static int[] Kept(OperatorCall call, int[] shape, int axis) =>
        call.Operation == "TopK" || call.Integer("keepdims", 1) != 0
            ? shape
            : [.. shape[..axis], .. shape[(axis + 1)..]];

    private static KnownValue Arg(OperatorCall call, KnownValue value, int axis, int[] shape)
    {
        var sign = call.Operation == "ArgMax" ? 1 : -1;
        double[] places = [.. new AxisGroups(value.Shape, [axis]).Select(cells => (double)Array.IndexOf(
            cells, cells.MaxBy(cell => sign * value.Numbers[cell])))];
        return new KnownValue(Kept(call, shape, axis), places, DataType.Int64, value.Origin);
    }
}
