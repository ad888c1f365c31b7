using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>Cells written into a tensor at places that are known, or that are computed (tokens back from an expert).
/// </summary>
internal sealed class ScatterRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["ScatterND", "ScatterElements", "Scatter"];

    public void Apply(OperatorCall call)
    {
        var (value, indices, updates) = (call.Input(0), call.Input(1), call.Input(2));
        var isPlain = call.Text("reduction", "none") == "none";
        if (indices is KnownValue known)
        {
            var targets = call.Operation == "ScatterND"
                ? SliceTargets(value.Shape, known)
                : ElementTargets(value.Shape, known, Shapes.Axis(call.Integer("axis", 0), value.Rank));
            call.Set(0, !isPlain ? Reduce(call, value, updates, targets)
                : value is KnownValue old && updates is KnownValue numbers ? Overwrite(old, numbers, targets, known)
                : Overwrite(call, value, updates, targets));
            return;
        }

        call.Set(0, call.Operation == "ScatterND"
            ? WriteSlices(call, call.Labels(value), call.Labels(indices), call.Labels(updates))
            : WriteElements(call, call.Labels(value), call.Labels(indices), call.Labels(updates)));
    }

    private static KnownValue Overwrite(KnownValue old, KnownValue updates, int[] targets, KnownValue indices)
    {
        var result = old.Numbers.ToArray();
        for (var i = 0; i < targets.Length; i++)
        {
            result[targets[i]] = updates.Numbers[i];
        }

        return old with { Numbers = result, Origin = KnownValue.OriginOf(old, updates, indices) };
    }

    private static LabelValue Overwrite(OperatorCall call, Value value, Value updates, int[] targets)
    {
        var labels = call.Labels(value).Labels.ToArray();
        var made = call.Labels(updates).Labels;
        for (var i = 0; i < targets.Length; i++)
        {
            labels[targets[i]] = made[i];
        }

        return new LabelValue(value.Shape, labels);
    }

    private static LabelValue Reduce(OperatorCall call, Value value, Value updates, int[] targets)
    {
        var labels = call.Labels(value).Labels.ToArray();
        var made = call.Labels(updates).Labels;
        var kind = call.Kind("reduced");
        for (var i = 0; i < targets.Length; i++)
        {
            labels[targets[i]] = call.Store.Unordered(kind, labels[targets[i]], made[i]);
        }

        return new LabelValue(value.Shape, labels);
    }

    private static int[] SliceTargets(int[] shape, KnownValue indices)
    {
        var depth = indices.Shape[^1];
        var inner = Shapes.Count(shape.AsSpan(depth));
        var strides = Shapes.Strides(shape);
        var targets = new int[indices.Count / depth * inner];
        for (var pick = 0; pick * depth < indices.Count; pick++)
        {
            var start = 0;
            for (var axis = 0; axis < depth; axis++)
            {
                start += Shapes.Axis((long)indices.Numbers[(pick * depth) + axis], shape[axis]) * strides[axis];
            }

            for (var lane = 0; lane < inner; lane++)
            {
                targets[(pick * inner) + lane] = start + lane;
            }
        }

        return targets;
    }

    private static int[] ElementTargets(int[] shape, KnownValue indices, int axis)
    {
        var strides = Shapes.Strides(shape);
        var along = strides[axis];
        strides[axis] = 0;
        return [.. Shapes.Walk(indices.Shape, strides).Select((start, i) =>
            start + (Shapes.Axis((long)indices.Numbers[i], shape[axis]) * along))];
    }

    // Places are told by all coordinates together; one write may meet any of them.
    private static LabelValue WriteSlices(OperatorCall call, LabelValue value, LabelValue indices, LabelValue updates)
    {
        var depth = indices.Shape[^1];
        var places = Shapes.Count(value.Shape.AsSpan(0, depth));
        var lanes = new AxisLanes(value.Labels, 1, places, Shapes.Count(value.Shape.AsSpan(depth)));
        var writes = new List<(int Index, int[] Update)>();
        for (var pick = 0; pick * depth < indices.Labels.Length; pick++)
        {
            var coordinates = indices.Labels.AsSpan(pick * depth, depth);
            var index = depth == 1 ? coordinates[0] : call.Store.Ordered(call.Store.Kinds.Id("place"), coordinates);
            writes.Add((index, updates.Labels.AsSpan(pick * lanes.Inner, lanes.Inner).ToArray()));
        }

        return new LabelValue(value.Shape, [.. Enumerable.Range(0, places).SelectMany(place =>
            PickByIndex.Write(call, place, places, lanes.Row(0, place), writes))]);
    }

    private static LabelValue WriteElements(
        OperatorCall call, LabelValue value, LabelValue indices, LabelValue updates)
    {
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        var (strides, indexStrides) = (Shapes.Strides(value.Shape), Shapes.Strides(indices.Shape));
        var labels = value.Labels.ToArray();
        var count = indices.Shape[axis];
        var index = new int[value.Rank];
        for (var cell = 0; cell < labels.Length; cell++, Shapes.Advance(index, value.Shape))
        {
            var isCovered = Enumerable.Range(0, value.Rank).All(a => a == axis || index[a] < indices.Shape[a]);
            if (!isCovered)
            {
                continue;
            }

            var start = Enumerable.Range(0, value.Rank).Where(a => a != axis).Sum(a => index[a] * indexStrides[a]);
            (int Index, int[] Update)[] writes = [.. Enumerable.Range(0, count)
                .Select(i => start + (i * indexStrides[axis]))
                .Select(from => (indices.Labels[from], new[] { updates.Labels[from] }))];
            labels[cell] = PickByIndex.Write(
                call, index[axis], value.Shape[axis], [value.Labels[cell]], writes)[0];
        }

        return new LabelValue(value.Shape, labels);
    }
}
