using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules;

/// <summary>Tensors one after the other along an axis.</summary>
internal sealed class ConcatRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Concat"];

    public void Apply(OperatorCall call)
    {
        var parts = call.Inputs.Select((_, i) => call.Input(i)).ToArray();
        var axis = Shapes.Axis(call.Integer("axis", 0), parts[0].Rank);
        if (parts.All(part => part is KnownValue))
        {
            var known = parts.Cast<KnownValue>().ToArray();
            var numbers = Join(parts, axis, [.. known.Select(part => part.Numbers)], out var shape);
            call.Set(0, new KnownValue(shape, numbers, known[0].Type, known.Any(part => part.IsRuntime)));
            return;
        }

        var labels = Join(parts, axis, [.. parts.Select(part => call.Labels(part).Labels)], out var labelShape);
        call.Set(0, new LabelValue(labelShape, labels));
    }

    private static T[] Join<T>(Value[] parts, int axis, T[][] cells, out int[] shape)
    {
        shape = [.. parts[0].Shape];
        shape[axis] = parts.Sum(part => part.Shape[axis]);
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
