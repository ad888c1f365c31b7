using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>The windows that a convolution or a pool slides over positions.</summary>
/// <param name="Shape">Positions of the result.</param>
/// <param name="Cells">For every position of the result the cells under the kernel, row-major; -1 is padding.</param>
internal sealed record Windows(int[] Shape, int[][] Cells)
{
    public static Windows Of(OperatorCall call, int[] shape, int[] kernel)
    {
        var (strides, dilations) = (Spread(call, "strides", kernel.Length), Spread(call, "dilations", kernel.Length));
        var (result, pads) = Measure(call, shape, kernel);
        var place = new int[shape.Length];
        var cells = new int[Shapes.Count(result)][];
        for (var i = 0; i < cells.Length; i++, Shapes.Advance(place, result))
        {
            cells[i] = Under(place, shape, kernel, strides, dilations, pads);
        }

        return new Windows(result, cells);
    }

    /// <summary>Positions of the result alone.</summary>
    public static int[] ShapeOf(OperatorCall call, int[] shape, int[] kernel) => Measure(call, shape, kernel).Shape;

    private static (int[] Shape, int[] Pads) Measure(OperatorCall call, int[] shape, int[] kernel)
    {
        var (strides, dilations) = (Spread(call, "strides", kernel.Length), Spread(call, "dilations", kernel.Length));
        var reach = kernel.Select((length, axis) => ((length - 1) * dilations[axis]) + 1).ToArray();
        var pads = Pads(call, shape, reach, strides);
        var ceil = call.Integer("ceil_mode", 0) != 0;
        int[] result = [.. shape.Select((length, axis) =>
        {
            var free = length + pads[axis] + pads[axis + shape.Length] - reach[axis];
            return free < 0
                ? throw new InvalidDataException($"a window of {reach[axis]} over {length} positions")
                : (free / strides[axis]) + 1 + (ceil && HasRest(free, axis) ? 1 : 0);
        })];
        return (result, pads);

        // A last window that begins behind the positions is none.
        bool HasRest(int free, int axis) => free % strides[axis] != 0
            && ((free / strides[axis]) + 1) * strides[axis] < shape[axis] + pads[axis];
    }

    private static int[] Under(
        int[] place, int[] shape, int[] kernel, int[] strides, int[] dilations, int[] pads)
    {
        var steps = Shapes.Strides(shape);
        var offset = new int[kernel.Length];
        var cells = new int[Shapes.Count(kernel)];
        for (var i = 0; i < cells.Length; i++, Shapes.Advance(offset, kernel))
        {
            for (var axis = 0; axis < shape.Length && cells[i] >= 0; axis++)
            {
                var at = (place[axis] * strides[axis]) + (offset[axis] * dilations[axis]) - pads[axis];
                cells[i] = at < 0 || at >= shape[axis] ? -1 : cells[i] + (at * steps[axis]);
            }
        }

        return cells;
    }

    private static int[] Spread(OperatorCall call, string name, int rank) =>
        call.Integers(name) is { Count: > 0 } given ? [.. given.Select(n => (int)n)] : [.. Enumerable.Repeat(1, rank)];

    private static int[] Pads(OperatorCall call, int[] shape, int[] reach, int[] strides)
    {
        var auto = call.Text("auto_pad", "NOTSET");
        if (auto is "NOTSET" or "VALID" or "")
        {
            return call.Integers("pads") is { Count: > 0 } given && auto != "VALID"
                ? [.. given.Select(n => (int)n)]
                : new int[2 * shape.Length];
        }

        int[] total = [.. shape.Select((length, axis) => Math.Max(
            0, ((((length + strides[axis] - 1) / strides[axis]) - 1) * strides[axis]) + reach[axis] - length))];
        int[] less = [.. total.Select(pad => pad / 2)];
        int[] more = [.. total.Select(pad => pad - (pad / 2))];
        return auto == "SAME_LOWER" ? [.. more, .. less] : [.. less, .. more];
    }
}
