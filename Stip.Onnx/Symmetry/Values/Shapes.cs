namespace Stip.Onnx.Symmetry.Values;

/// <summary>Arithmetic of shapes.</summary>
internal static class Shapes
{
    public static int Count(ReadOnlySpan<int> shape)
    {
        var count = 1;
        foreach (var length in shape)
        {
            count = checked(count * length);
        }

        return count;
    }

    /// <summary>Cells from one index to the next, for every axis.</summary>
    public static int[] Strides(ReadOnlySpan<int> shape)
    {
        var strides = new int[shape.Length];
        var stride = 1;
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            strides[axis] = stride;
            stride *= shape[axis];
        }

        return strides;
    }

    /// <summary>The shape that operands are stretched to.</summary>
    public static int[] Broadcast(ReadOnlySpan<int> left, ReadOnlySpan<int> right)
    {
        var shape = new int[Math.Max(left.Length, right.Length)];
        for (var i = 1; i <= shape.Length; i++)
        {
            var a = i <= left.Length ? left[^i] : 1;
            var b = i <= right.Length ? right[^i] : 1;
            shape[^i] = a == b || b == 1 ? a : a == 1 ? b : throw new InvalidDataException(
                $"shapes [{string.Join(',', left.ToArray())}] and [{string.Join(',', right.ToArray())}] "
                + "do not go together");
        }

        return shape;
    }

    /// <summary>For every cell of <paramref name="target"/> the cell of a tensor that is stretched to it.</summary>
    public static int[] Stretch(ReadOnlySpan<int> shape, ReadOnlySpan<int> target)
    {
        var own = Strides(shape);
        var strides = new int[target.Length];
        for (var i = 1; i <= shape.Length; i++)
        {
            strides[^i] = shape[^i] == 1 ? 0 : own[^i];
        }

        return Walk(target, strides);
    }

    /// <summary>Offsets <c>Σ index · stride</c> of all cells of a shape, row-major.</summary>
    public static int[] Walk(ReadOnlySpan<int> shape, ReadOnlySpan<int> strides, int start = 0)
    {
        var offsets = new int[] { start };
        for (var axis = 0; axis < shape.Length; axis++)
        {
            var longer = new int[offsets.Length * shape[axis]];
            var next = 0;
            foreach (var offset in offsets)
            {
                for (var i = 0; i < shape[axis]; i++)
                {
                    longer[next++] = offset + (i * strides[axis]);
                }
            }

            offsets = longer;
        }

        return offsets;
    }

    /// <summary>Moves an index to the next cell, row-major.</summary>
    public static void Advance(Span<int> index, ReadOnlySpan<int> shape)
    {
        for (var axis = shape.Length - 1; axis >= 0; axis--)
        {
            if (++index[axis] < shape[axis])
            {
                return;
            }

            index[axis] = 0;
        }
    }

    /// <summary>An axis counted from the end where it is negative.</summary>
    public static int Axis(long axis, int rank) => (int)(axis < 0 ? axis + rank : axis);
}
