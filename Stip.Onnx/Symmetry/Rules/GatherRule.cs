using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>Picks along an axis by an index: known from shapes, or sent by the caller (ids, rows, positions).</summary>
internal sealed class GatherRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Gather"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var indices = call.Known(1);
        var axis = Shapes.Axis(call.Integer("axis", 0), value.Rank);
        var picked = Array.ConvertAll(indices.Integers, index => Shapes.Axis(index, value.Shape[axis]));
        if (picked.Any(index => index < 0 || index >= value.Shape[axis]))
        {
            throw new NotSupportedException($"Gather beyond the {value.Shape[axis]} indices of its axis");
        }

        call.Set(0, !indices.IsRuntime ? Move(value, axis, picked, indices.Shape)
            : value switch
            {
                KnownValue known => (KnownValue)Move(known, axis, picked, indices.Shape) with { IsRuntime = true },
                WeightValue weight => LookUp(call, weight, axis, picked, indices.Shape),
                _ => Pick(call, call.Labels(value), axis, picked, indices.Shape),
            });
    }

    private static Value Move(Value value, int axis, int[] picked, int[] shape)
    {
        var before = Enumerable.Range(0, axis).Select(a => AxisPick.All(a, value.Shape[a]));
        var after = Enumerable.Range(axis + 1, value.Rank - axis - 1).Select(a => AxisPick.All(a, value.Shape[a]));
        if (shape.Length == 0)
        {
            return Moves.ByAxes(value, [.. before, .. after], new Dictionary<int, int> { [axis] = picked[0] });
        }

        var moved = Moves.ByAxes(value, [.. before, new AxisPick(axis, picked), .. after]);
        return shape.Length == 1
            ? moved
            : Reshaped(moved, [.. value.Shape[..axis], .. shape, .. value.Shape[(axis + 1)..]]);
    }

    private static Value Reshaped(Value value, int[] shape) => value switch
    {
        KnownValue known => known with { Shape = shape },
        LabelValue labels => labels with { Shape = shape },
        WeightValue weight => weight.Weight.WriteOut(weight) with { Shape = shape },
        _ => throw new InvalidOperationException(),
    };

    // Whoever sends the index knows the rows by their place, so they stay there.
    private static LabelValue LookUp(OperatorCall call, WeightValue weight, int axis, int[] picked, int[] shape)
    {
        if (weight.Axes[axis].IsIndexed)
        {
            weight.Weight.Pin(weight.Axes[axis].Source, "looked up by an index that the caller sends");
        }

        return (LabelValue)Reshaped(
            call.Labels(Move(weight, axis, picked, [picked.Length])),
            [.. weight.Shape[..axis], .. shape, .. weight.Shape[(axis + 1)..]]);
    }

    // Where all positions have one label the index does not matter; else the cell is "one of these, by that index".
    private static LabelValue Pick(OperatorCall call, LabelValue value, int axis, int[] picked, int[] shape)
    {
        var length = value.Shape[axis];
        var inner = Shapes.Count(value.Shape.AsSpan(axis + 1));
        var outer = Shapes.Count(value.Shape.AsSpan(0, axis));
        var kind = call.Store.Kinds.Id("picked");
        var labels = new int[outer * picked.Length * inner];
        for (var block = 0; block < outer; block++)
        {
            int[][] options = [.. Enumerable.Range(0, length).Select(i =>
                value.Labels.AsSpan(((block * length) + i) * inner, inner).ToArray())];
            for (var pick = 0; pick < picked.Length; pick++)
            {
                var made = Choice.Of(call.Store, kind, options, [call.Store.Constant(picked[pick])]);
                made.CopyTo(labels, ((block * picked.Length) + pick) * inner);
            }
        }

        return new LabelValue([.. value.Shape[..axis], .. shape, .. value.Shape[(axis + 1)..]], labels);
    }
}
