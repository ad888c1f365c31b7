using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection;

/// <summary>
/// Copies the bytes of a tensor with the indices of its axes moved: in tiles, never widened, never all in memory.
/// </summary>
internal static class PermutedCopy
{
    // Longer pieces than a cache line are written straight from where they lie.
    private const int LargestGathered = 64;

    /// <summary>Writes what a step of a plan makes of a tensor.</summary>
    public static void Write(GraphTensor source, InitializerPlan step, Stream target)
    {
        if (step.Layout is { } layout && Array.Exists(step.Axes, axis => axis is not null))
        {
            PackedCopy.Write(source, layout, step.Axes, target);
            return;
        }

        Write(source, step.Axes, target);
    }

    /// <summary>Writes the permuted tensor, row-major.</summary>
    /// <param name="source">The plain tensor.</param>
    /// <param name="axes">For every axis where its indices move to, null where they stay.</param>
    /// <param name="target">Is given every byte once.</param>
    /// <exception cref="RefusedException">Elements smaller than a byte would have to move on their own.</exception>
    public static void Write(GraphTensor source, Permutation?[] axes, Stream target)
    {
        var last = Array.FindLastIndex(axes, axis => axis is not null);
        if (last < 0)
        {
            CopyRun(source, 0, source.ByteLength, target);
            return;
        }

        var unitBits = (long)ElementTypes.Bits(source.Type);
        for (var axis = last + 1; axis < source.Shape.Length; axis++)
        {
            unitBits *= source.Shape[axis];
        }

        if (unitBits % 8 != 0)
        {
            throw new RefusedException(
                $"tensor '{source.Name}' of type {source.Type} cannot be permuted along axis {last} yet");
        }

        source.Prefetch();
        var rows = new RowStarts(source.Shape.AsSpan(0, last), axes, unitBits / 8 * source.Shape[last]);
        var units = axes[last]!.Inverse().Targets.ToArray();
        if (unitBits / 8 > LargestGathered)
        {
            CopyUnits(source, rows, units, unitBits / 8, target);
        }
        else
        {
            CopyGathered(source, rows, units, (int)(unitBits / 8), target);
        }
    }

    private static void CopyUnits(GraphTensor source, RowStarts rows, int[] units, long unitBytes, Stream target)
    {
        foreach (var start in rows.All())
        {
            foreach (var unit in units)
            {
                CopyRun(source, start + (unit * unitBytes), unitBytes, target);
            }
        }
    }

    private static void CopyGathered(GraphTensor source, RowStarts rows, int[] units, int unitBytes, Stream target)
    {
        var rowBytes = checked(units.Length * unitBytes);
        RowTiles.Write(
            rows.All(),
            rows.Count,
            rowBytes,
            (start, row) => GatherRow(source.Bytes(start, rowBytes), units, unitBytes, row),
            target);
    }

    private static void GatherRow(ReadOnlySpan<byte> row, int[] units, int unitBytes, Span<byte> target)
    {
        switch (unitBytes)
        {
            case 1:
                Gather<byte>(row, units, target);
                break;
            case 2:
                Gather<ushort>(row, units, target);
                break;
            case 4:
                Gather<uint>(row, units, target);
                break;
            case 8:
                Gather<ulong>(row, units, target);
                break;
            default:
                for (var i = 0; i < units.Length; i++)
                {
                    row.Slice(units[i] * unitBytes, unitBytes).CopyTo(target[(i * unitBytes)..]);
                }

                break;
        }
    }

    // A permutation stays inside the row, so that the bounds are checked once and not for every element. Compiled
    // thoroughly at once: a model of seconds would be half over before the runtime found out that this is worth it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Gather<T>(ReadOnlySpan<byte> row, int[] units, Span<byte> target)
        where T : unmanaged
    {
        var to = MemoryMarshal.Cast<byte, T>(target);
        ArgumentOutOfRangeException.ThrowIfNotEqual(row.Length, target.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, units.Length);
        ref var from = ref Unsafe.As<byte, T>(ref MemoryMarshal.GetReference(row));
        ref var cell = ref MemoryMarshal.GetReference(to);
        var i = 0;
        for (; i <= units.Length - 4; i += 4)
        {
            Unsafe.Add(ref cell, i) = Unsafe.Add(ref from, units[i]);
            Unsafe.Add(ref cell, i + 1) = Unsafe.Add(ref from, units[i + 1]);
            Unsafe.Add(ref cell, i + 2) = Unsafe.Add(ref from, units[i + 2]);
            Unsafe.Add(ref cell, i + 3) = Unsafe.Add(ref from, units[i + 3]);
        }

        for (; i < units.Length; i++)
        {
            Unsafe.Add(ref cell, i) = Unsafe.Add(ref from, units[i]);
        }
    }

    private static void CopyRun(GraphTensor source, long start, long length, Stream target)
    {
        for (var done = 0L; done < length; done += RowTiles.TileBytes)
        {
            target.Write(source.Bytes(start + done, (int)Math.Min(RowTiles.TileBytes, length - done)));
        }
    }

    /// <summary>Where the rows of the result lie in the source, one after the other.</summary>
    private sealed class RowStarts
    {
        private readonly int[] _shape;
        private readonly int[] _index;
        private readonly Permutation?[] _from;
        private readonly long _rowBytes;

        public RowStarts(ReadOnlySpan<int> shape, Permutation?[] axes, long rowBytes)
        {
            _shape = shape.ToArray();
            _index = new int[shape.Length];
            _from = Array.ConvertAll(axes[..shape.Length], axis => axis?.Inverse());
            _rowBytes = rowBytes;
            Count = Shapes.Count(shape);
        }

        public int Count { get; }

        public IEnumerable<long> All()
        {
            for (var i = 0; i < Count; i++)
            {
                var row = 0L;
                for (var axis = 0; axis < _index.Length; axis++)
                {
                    row = (row * _shape[axis]) + (_from[axis] is { } from ? from[_index[axis]] : _index[axis]);
                }

                Shapes.Advance(_index, _shape);
                yield return row * _rowBytes;
            }
        }
    }
}
