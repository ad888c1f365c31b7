using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// The order of a tensor's cells in which labels go up one by one where they can: some other axis than the last may
/// hold the features, as in keys that were transposed.
/// </summary>
internal sealed class LaneAxis
{
    private readonly int[]? _order;

    /// <param name="runs">Where the labels are from.</param>
    /// <param name="shape">Shape of the tensor.</param>
    /// <param name="operands">Labels in row-major order; ones of a single label count for every cell.</param>
    public LaneAxis(RunTable runs, int[] shape, params ReadOnlySpan<int[]> operands)
    {
        var strides = Shapes.Strides(shape);
        var (best, most) = (shape.Length - 1, -1);
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            var rises = 0;
            foreach (var operand in operands)
            {
                rises += shape[axis] == 1 ? 0 : Rises(runs, operand, shape[axis], strides[axis]);
            }

            // One operand that goes up all along is enough: the other is often the same for all of a row.
            (best, most) = rises > most ? (axis, rises) : (best, most);
            if (4L * most > (long)Shapes.Count(shape) * operands.Length)
            {
                break;
            }
        }

        if (best >= 0 && best < shape.Length - 1)
        {
            int[] axes = [.. Enumerable.Range(0, shape.Length).Where(axis => axis != best), best];
            _order = Shapes.Walk(
                Array.ConvertAll(axes, axis => shape[axis]), Array.ConvertAll(axes, axis => strides[axis]));
        }
    }

    /// <summary>The labels in that order.</summary>
    public int[] There(int[] labels) =>
        _order is null || labels.Length == 1 ? labels : Array.ConvertAll(_order, cell => labels[cell]);

    /// <summary>Labels of that order in row-major order.</summary>
    public int[] Back(int[] labels)
    {
        if (_order is null || labels.Length == 1)
        {
            return labels;
        }

        var back = new int[labels.Length];
        for (var i = 0; i < back.Length; i++)
        {
            back[_order[i]] = labels[i];
        }

        return back;
    }

    // How often a label is followed by the next along an axis.
    private static int Rises(RunTable runs, int[] labels, int length, int stride)
    {
        var rises = 0;
        for (var block = 0; block < labels.Length; block += length * stride)
        {
            for (var cell = block + stride; cell < Math.Min(block + (length * stride), labels.Length); cell++)
            {
                rises += runs.GoesOn(labels, cell, block, stride) ? 1 : 0;
            }
        }

        return rises;
    }
}
