using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Layout;

/// <summary>Cells added around a tensor: a constant, or copies of its border.</summary>
internal sealed class PadRule : IOperatorRule
{
    public IEnumerable<string> Operators => ["Pad", "com.microsoft.Pad"];

    public void Apply(OperatorCall call)
    {
        var value = call.Input(0);
        var mode = call.Text("mode", "constant");
        var pads = Pads(call, value.Rank);
        var shape = value.Shape.Select((length, axis) => length + pads[axis] + pads[axis + value.Rank]).ToArray();
        var strides = Shapes.Strides(value.Shape);
        var sources = new int[Shapes.Count(shape)];
        var index = new int[shape.Length];
        for (var cell = 0; cell < sources.Length; cell++)
        {
            for (var axis = 0; axis < shape.Length && sources[cell] >= 0; axis++)
            {
                var source = Source(index[axis] - pads[axis], value.Shape[axis], mode);
                sources[cell] = source < 0 ? -1 : sources[cell] + (source * strides[axis]);
            }

            Shapes.Advance(index, shape);
        }

        var fill = call.Optional(2) is null ? call.Float("value", 0) : call.Known(2).Numbers[0];
        call.Set(0, value is KnownValue known
            ? known with { Shape = shape, Numbers = Array.ConvertAll(sources, i => i < 0 ? fill : known.Numbers[i]) }
            : Fill(call, value, shape, sources, fill));
    }

    /// <summary>How many cells are added before each axis, then behind each.</summary>
    public static int[] Pads(OperatorCall call, int rank)
    {
        var given = call.Integers("pads")?.Select(pad => (int)pad).ToArray() ?? call.Known(1).Integers;
        var axes = call.Optional(3) is null ? null : call.Known(3).Integers;
        if (axes is null)
        {
            return given;
        }

        var pads = new int[2 * rank];
        for (var i = 0; i < axes.Length; i++)
        {
            pads[Shapes.Axis(axes[i], rank)] = given[i];
            pads[Shapes.Axis(axes[i], rank) + rank] = given[i + axes.Length];
        }

        return pads;
    }

    private static int Source(int index, int length, string mode) => mode switch
    {
        _ when index >= 0 && index < length => index,
        "constant" => -1,
        "edge" => Math.Clamp(index, 0, length - 1),
        "wrap" => ((index % length) + length) % length,
        "reflect" => index < 0 ? -index : (2 * (length - 1)) - index,
        _ => throw new NotSupportedException($"Pad with mode '{mode}'"),
    };

    private static LabelValue Fill(OperatorCall call, Value value, int[] shape, int[] sources, double fill)
    {
        var labels = call.Labels(value).Labels;
        var constant = call.Store.Constant(fill);
        return new LabelValue(shape, Array.ConvertAll(sources, i => i < 0 ? constant : labels[i]));
    }
}
