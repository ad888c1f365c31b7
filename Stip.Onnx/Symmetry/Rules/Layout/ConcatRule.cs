using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Tensors one after the other along an axis.</summary>
internal sealed class ConcatRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Concat"];

    public void Apply(OperatorCall call)
    {
        var parts = call.Inputs.Select((_, i) => call.Input(i)).ToArray();
        var axis = Shapes.Axis(call.Integer("axis", 0), parts[0].Rank);
        foreach (var (place, part) in parts.Index().Where(entry => !IsAlike(parts[0], entry.Item, axis)))
        {
            throw new InvalidDataException(
                $"'{call.NameOf(place)}' is [{string.Join(',', part.Shape)}], '{call.NameOf(0)}' "
                + $"[{string.Join(',', parts[0].Shape)}]: joined along axis {axis}, they must be as long along all "
                + "others (caches whose first axis counts sequences times heads are not followed)");
        }

        call.Set(0, Concat(
            Array.TrueForAll(parts, part => part is KnownValue) ? parts : Array.ConvertAll(parts, call.Labels), axis));
    }

    /// <summary>Parts that are all numbers or all labels, one after the other.</summary>
    public static Value Concat(IReadOnlyList<Value> parts, int axis)
    {
        if (parts[0] is KnownValue first)
        {
            double[][] numbers = [.. parts.Cast<KnownValue>().Select(part => part.Numbers)];
            return new KnownValue(
                JoinedShape(parts, axis), Join(parts, axis, numbers), first.Type, KnownValue.OriginOf(parts));
        }

        int[][] labels = [.. parts.Cast<LabelValue>().Select(part => part.Labels)];
        return new LabelValue(JoinedShape(parts, axis), Join(parts, axis, labels));
    }

    private static bool IsAlike(Value first, Value part, int axis) => part.Rank == first.Rank
        && part.Shape.Index().All(length => length.Index == axis || length.Item == first.Shape[length.Index]);

    private static int[] JoinedShape(IReadOnlyList<Value> parts, int axis)
    {
        int[] shape = [.. parts[0].Shape];
        shape[axis] = parts.Sum(part => part.Shape[axis]);
        return shape;
    }

    private static T[] Join<T>(IReadOnlyList<Value> parts, int axis, T[][] cells)
    {
        var shape = JoinedShape(parts, axis);
        var outer = Shapes.Count(shape.AsSpan(0, axis));
        var joined = new T[Shapes.Count(shape)];
        var next = 0;
        for (var block = 0; block < outer; block++)
        {
            foreach (var part in cells)
            {
                var run = part.Length / Math.Max(outer, 1);
                part.AsSpan(block * run, run).CopyTo(joined.AsSpan(next));
                next += run;
            }
        }

        return joined;
    }
}
