using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

/// <summary>Picks along an axis by an index: known from shapes, sent by the caller (ids, rows, positions), or computed
/// (the experts of a token).</summary>
internal sealed class GatherRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Gather"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        call.Set(0, call.Input(1) is KnownValue indices
            ? ByKnown(call, value, axis, indices)
            : value is WeightValue weight && weight.Axes[axis].IsIndexed
                ? ByComputed(call, weight, axis, call.Labels(1))
                : ByComputed(call, call.Labels(value), axis, call.Labels(1)));
    }

    /// <summary>Rows of a weight, or cells of a tensor, by numbers that are known.</summary>
    public static Value ByKnown(OperatorCall call, Value value, int axis, KnownValue indices)
    {
        // What the caller sends here is made up, and only its being an index counts.
        var length = value.Shape[axis];
        var picked = Array.ConvertAll(indices.Integers, index => Shapes.Axis(index, length));
        if (indices.IsRuntime && length > 0)
        {
            picked = Array.ConvertAll(picked, index => ((index % length) + length) % length);
        }

        if (picked.Any(index => index < 0 || index >= length))
        {
            throw new InvalidDataException($"Gather beyond the {length} indices of its axis");
        }

        if (value is WeightValue weight && indices.Origin != KnownOrigin.Constant)
        {
            weight.Axes[axis].Pin(indices.IsRuntime
                ? "looked up by an index that the caller sends"
                : "looked up by an index that depends on lengths");
            value = indices.IsRuntime ? LookedUp(call, weight, indices) : value;
        }

        if (value is LabelValue labels && indices.IsRuntime)
        {
            return Pick(call, labels, axis, picked, indices.Shape);
        }

        var moved = Move(value, axis, picked, indices);
        return moved is KnownValue known ? known with { Origin = KnownValue.OriginOf(known, indices) } : moved;
    }

    // Two tables of one form are told apart by what looks rows up in them.
    private static WeightValue LookedUp(OperatorCall call, WeightValue weight, KnownValue indices) => weight with
    {
        IsWhole = false,
        Fixed = [.. weight.Fixed, call.Store.Ordered(call.Store.Kinds.Id("looked up by", indices.Trace))],
    };

    private static Value Move(Value value, int axis, int[] picked, KnownValue indices)
    {
        var shape = indices.Shape;
        var before = Enumerable.Range(0, axis).Select(a => AxisPick.All(a, value.Shape[a]));
        var after = Enumerable.Range(axis + 1, value.Rank - axis - 1).Select(a => AxisPick.All(a, value.Shape[a]));
        if (shape.Length == 0)
        {
            return Moves.ByAxes(value, [.. before, .. after], new Dictionary<int, int> { [axis] = picked[0] });
        }

        var moved = Moves.ByAxes(value, [.. before, new AxisPick(axis, picked), .. after]);
        return shape.Length == 1
            ? moved
            : ReshapeRule.Reshape(moved, [.. value.Shape[..axis], .. shape, .. value.Shape[(axis + 1)..]]);
    }

    // Where every place of the axis shows the same label the index does not matter; else the cell is "one of these, by
    // that index".
    private static LabelValue Pick(OperatorCall call, LabelValue value, int axis, int[] picked, int[] shape)
    {
        var lanes = AxisLanes.Of(value, axis);
        var kind = call.Store.Kinds.Id("picked");
        var labels = new int[lanes.Outer * picked.Length * lanes.Inner];
        for (var block = 0; block < lanes.Outer; block++)
        {
            for (var pick = 0; pick < picked.Length; pick++)
            {
                var made = Choice.Of(call.Store, kind, lanes.Rows(block), [call.Store.Constant(picked[pick])]);
                made.CopyTo(labels, ((block * picked.Length) + pick) * lanes.Inner);
            }
        }

        return new LabelValue(Inserted(value, axis, shape), labels);
    }

    private static LabelValue ByComputed(OperatorCall call, LabelValue value, int axis, LabelValue indices)
    {
        var lanes = AxisLanes.Of(value, axis);
        var labels = new int[lanes.Outer * indices.Labels.Length * lanes.Inner];
        for (var block = 0; block < lanes.Outer; block++)
        {
            var rows = lanes.Rows(block);
            var memo = new Dictionary<int, int[]>();
            for (var pick = 0; pick < indices.Labels.Length; pick++)
            {
                if (!memo.TryGetValue(indices.Labels[pick], out var made))
                {
                    memo[indices.Labels[pick]] = made = PickByIndex.Read(call, indices.Labels[pick], rows);
                }

                made.CopyTo(labels, ((block * indices.Labels.Length) + pick) * lanes.Inner);
            }
        }

        return new LabelValue(Inserted(value, axis, indices.Shape), labels);
    }

    // A stack of matrices picked by an index: the view hangs on "which of the stack" for every index.
    private static Value ByComputed(OperatorCall call, WeightValue weight, int axis, LabelValue indices)
    {
        int[][] stack = [.. weight.Axes[axis].Nodes.Select(node => new[] { node })];
        var flat = new WeightAxis(weight.Weight, -1, null, new DerivedAxis(
            [weight.Axes[axis]],
            () => Array.ConvertAll(indices.Labels, index => PickByIndex.Read(call, index, stack)[0])));
        int[] shape = [.. weight.Shape[..axis], indices.Labels.Length, .. weight.Shape[(axis + 1)..]];
        var view = new WeightValue(shape, weight.Weight, [.. weight.Axes.Select((a, i) => i == axis ? flat : a)])
        {
            Fixed = weight.Fixed,
        };
        return indices.Rank == 1 ? view : SplitStack(view, axis, indices);
    }

    // Axes along which the index is the same do not count; where more than one is left the cells are written out.
    private static Value SplitStack(WeightValue view, int axis, LabelValue indices)
    {
        var strides = Shapes.Strides(indices.Shape);
        int[] kept = [.. Enumerable.Range(0, indices.Rank).Where(a => indices.Labels.Where((label, cell) =>
            cell / strides[a] % indices.Shape[a] != 0
            && label != indices.Labels[cell - (cell / strides[a] % indices.Shape[a] * strides[a])]).Any())];
        int[] shape = [.. view.Shape[..axis], .. indices.Shape, .. view.Shape[(axis + 1)..]];
        if (kept.Length > 1)
        {
            return ReshapeRule.Reshape(view, shape);
        }

        var free = new WeightAxis(view.Weight, -1);
        var stack = Enumerable.Range(0, indices.Rank).Select(a => kept.Length == 1 && a == kept[0]
            ? view.Axes[axis].Pick([.. Enumerable.Range(0, indices.Shape[a]).Select(i => i * strides[a])])
            : kept.Length == 0 && a == 0 ? view.Axes[axis].Pick(new int[indices.Shape[a]]) : free);
        return new WeightValue(
            shape, view.Weight, [.. view.Axes[..axis], .. stack, .. view.Axes[(axis + 1)..]])
        {
            Fixed = view.Fixed,
        };
    }

    private static int[] Inserted(Value value, int axis, int[] shape) =>
        [.. value.Shape[..axis], .. shape, .. value.Shape[(axis + 1)..]];
}
