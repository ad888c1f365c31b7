using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>Where the cells of a transposed convolution come from.</summary>
/// <param name="Shape">Positions of the result.</param>
/// <param name="Sources">For each of them the input cells that reach it, each with its offset of the kernel.</param>
internal sealed record SpreadWindows(int[] Shape, (int Cell, int Tap)[][] Sources)
{
    public static SpreadWindows Of(OperatorCall call, int[] shape, int[] kernel)
    {
        var strides = List(call, "strides", kernel.Length, 1);
        var dilations = List(call, "dilations", kernel.Length, 1);
        var (result, starts) = Measure(call, shape, kernel);
        var sources = new List<(int, int)>[Shapes.Count(result)];
        Array.ForEach(Enumerable.Range(0, sources.Length).ToArray(), place => sources[place] = []);
        var (from, tap) = (new int[shape.Length], new int[kernel.Length]);
        var steps = Shapes.Strides(result);
        for (var cell = 0; cell < Shapes.Count(shape); cell++, Shapes.Advance(from, shape))
        {
            for (var offset = 0; offset < Shapes.Count(kernel); offset++, Shapes.Advance(tap, kernel))
            {
                var at = Enumerable.Range(0, shape.Length).Select(axis =>
                    (from[axis] * strides[axis]) + (tap[axis] * dilations[axis]) - starts[axis]).ToArray();
                if (at.Select((place, axis) => place >= 0 && place < result[axis]).All(isInside => isInside))
                {
                    sources[at.Select((place, axis) => place * steps[axis]).Sum()].Add((cell, offset));
                }
            }
        }

        return new SpreadWindows(result, Array.ConvertAll(sources, list => list.ToArray()));
    }

    /// <summary>Positions of the result alone.</summary>
    public static int[] ShapeOf(OperatorCall call, int[] shape, int[] kernel) => Measure(call, shape, kernel).Shape;

    private static (int[] Shape, int[] Starts) Measure(OperatorCall call, int[] shape, int[] kernel)
    {
        var strides = List(call, "strides", kernel.Length, 1);
        var dilations = List(call, "dilations", kernel.Length, 1);
        var extra = List(call, "output_padding", kernel.Length, 0);
        int[] full = [.. shape.Select((length, axis) =>
            (strides[axis] * (length - 1)) + extra[axis] + ((kernel[axis] - 1) * dilations[axis]) + 1)];
        return Cut(call, full, shape, strides);
    }

    // What is cut off at the start of every axis, and how long the result is.
    private static (int[] Shape, int[] Starts) Cut(OperatorCall call, int[] full, int[] shape, int[] strides)
    {
        var auto = call.Text("auto_pad", "NOTSET");
        int[]? wanted = call.Integers("output_shape") is { Count: > 0 } given
            ? [.. given.TakeLast(full.Length).Select(length => (int)length)]
            : auto.StartsWith("SAME", StringComparison.Ordinal)
                ? [.. shape.Select((length, axis) => length * strides[axis])]
                : null;
        if (wanted is null)
        {
            var pads = List(call, "pads", 2 * full.Length, 0);
            return ([.. full.Select((length, axis) => length - pads[axis] - pads[axis + full.Length])],
                pads[..full.Length]);
        }

        return (wanted, [.. full.Select((length, axis) => auto == "SAME_UPPER"
            ? (length - wanted[axis]) / 2
            : length - wanted[axis] - ((length - wanted[axis]) / 2))]);
    }

    private static int[] List(OperatorCall call, string name, int count, int absent) =>
        call.Integers(name) is { Count: > 0 } given
            ? [.. given.Select(n => (int)n)]
            : [.. Enumerable.Repeat(absent, count)];
}
