using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Picking;

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
            HoldPlaces(call, value, known, targets);
            call.Set(0, !isPlain ? Reduce(call, value, updates, targets)
                : value is KnownValue old && updates is KnownValue numbers ? Overwrite(old, numbers, targets, known)
                : Overwrite(call, value, updates, targets));
            return;
        }

        call.Set(0, call.Operation == "ScatterND" ? WriteSlices(call) : WriteElements(call));
    }

    private static void HoldPlaces(OperatorCall call, Value value, KnownValue indices, int[] targets)
    {
        if (!indices.IsRuntime || value is not LabelValue before)
        {
            return;
        }

        var (first, count) = call.Operation == "ScatterND" ? (0, indices.Shape[^1])
            : (Shapes.Axis(call.Integer("axis", 0), value.Rank), 1);
        for (var axis = first; axis < first + count; axis++)
        {
            WrittenPlaces.Hold(call, before, axis);
        }

        if (call.Input(2) is LabelValue updates)
        {
            WrittenPlaces.Tie(call, Array.ConvertAll(targets, target => before.Labels[target]), updates.Labels);
        }
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

    // Additions that nothing reads between them are one, so that experts which come one after the other may trade
    // places.
    private static List<OperatorCall> Chain(OperatorCall call)
    {
        var chain = new List<OperatorCall> { call };
        while (chain[^1].Before is [{ } before, ..] && before.Operation == call.Operation && before.IsSum
            && call.IsSum && before.Input(1) is LabelValue && before.Integer("axis", 0) == call.Integer("axis", 0))
        {
            chain.Add(before);
        }

        return chain;
    }

    // Places are told by all coordinates together; one write may meet any of them.
    private static LabelValue WriteSlices(OperatorCall call)
    {
        var chain = Chain(call);
        var value = chain[^1].Labels(0);
        var depth = call.Input(1).Shape[^1];
        var places = Shapes.Count(value.Shape.AsSpan(0, depth));
        var lanes = new AxisLanes(value.Labels, 1, places, Shapes.Count(value.Shape.AsSpan(depth)));
        var writes = new List<(int Index, int[] Update)>();
        foreach (var link in chain)
        {
            var (indices, updates) = (link.Labels(1).Labels, link.Labels(2).Labels);
            for (var pick = 0; pick * depth < indices.Length; pick++)
            {
                var coordinates = indices.AsSpan(pick * depth, depth);
                var index = depth == 1
                    ? coordinates[0]
                    : call.Store.Ordered(call.Store.Kinds.Id("place"), coordinates);
                writes.Add((index, updates.AsSpan(pick * lanes.Inner, lanes.Inner).ToArray()));
            }
        }

        return new LabelValue(value.Shape, [.. Enumerable.Range(0, places).SelectMany(place =>
            PickByIndex.Write(call, place, places, lanes.Row(0, place), writes))]);
    }

    // Row by row along the axis: all lanes of a row are written by the same rows of updates.
    private static LabelValue WriteElements(OperatorCall call)
    {
        var chain = Chain(call);
        var value = chain[^1].Labels(0);
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        var labels = value.Labels.ToArray();
        var stride = Shapes.Strides(value.Shape)[axis];
        foreach (var (start, covered) in Together(Covered(value.Shape, chain, axis)))
        {
            for (var place = 0; place < value.Shape[axis]; place++)
            {
                var cell = start + (place * stride);
                var before = value.Labels.AsSpan(cell, covered[0].Update.Length).ToArray();
                PickByIndex.Write(call, place, value.Shape[axis], before, covered).CopyTo(labels, cell);
            }
        }

        return new LabelValue(value.Shape, labels);
    }

    // Lines side by side into which the same indices write are the features of a row: one write for all of them.
    private static IEnumerable<(int Start, List<(int Index, int[] Update)> Writes)> Together(
        IEnumerable<(int Start, List<(int Index, int[] Update)> Writes)> lines)
    {
        var open = new List<(int Start, List<(int Index, int[] Update)> Writes)>();
        foreach (var line in lines)
        {
            if (open.Count > 0 && (line.Start != open[^1].Start + 1
                || !line.Writes.Select(write => write.Index)
                    .SequenceEqual(open[0].Writes.Select(write => write.Index))))
            {
                yield return Joined(open);
                open.Clear();
            }

            open.Add(line);
        }

        if (open.Count > 0)
        {
            yield return Joined(open);
        }
    }

    private static (int Start, List<(int Index, int[] Update)> Writes) Joined(
        List<(int Start, List<(int Index, int[] Update)> Writes)> lines) =>
        (lines[0].Start, [.. lines[0].Writes.Select((write, i) =>
            (write.Index, lines.SelectMany(line => line.Writes[i].Update).ToArray()))]);

    // For every line along the axis that an index covers: its first cell, and what is written into it.
    private static IEnumerable<(int Start, List<(int Index, int[] Update)> Writes)> Covered(
        int[] shape, List<OperatorCall> chain, int axis)
    {
        var strides = Shapes.Strides(shape);
        int[] open = [.. shape.Select((length, a) => a == axis ? 1 : length)];
        var at = new int[shape.Length];
        for (var line = 0; line < Shapes.Count(open); line++, Shapes.Advance(at, open))
        {
            var writes = new List<(int Index, int[] Update)>();
            foreach (var link in chain)
            {
                var (indices, updates) = (link.Labels(1), link.Labels(2).Labels);
                var own = Shapes.Strides(indices.Shape);
                if (Enumerable.Range(0, shape.Length).All(a => a == axis || at[a] < indices.Shape[a]))
                {
                    var start = at.Zip(own).Sum(pair => pair.First * pair.Second);
                    writes.AddRange(Enumerable.Range(0, indices.Shape[axis])
                        .Select(i => start + (i * own[axis]))
                        .Select(cell => (indices.Labels[cell], new[] { updates[cell] })));
                }
            }

            if (writes.Count > 0)
            {
                yield return (at.Zip(strides).Sum(pair => pair.First * pair.Second), writes);
            }
        }
    }
}
