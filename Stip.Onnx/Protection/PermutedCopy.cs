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
    private const int TileBytes = 1 << 20;

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

        var inverse = Array.ConvertAll(axes, axis => axis?.Inverse());
        var index = new int[last];
        var outer = Shapes.Count(source.Shape.AsSpan(0, last));
        var rowBytes = unitBits / 8 * source.Shape[last];
        for (var row = 0; row < outer; row++)
        {
            CopyRow(source, SourceRow(source.Shape, index, inverse) * rowBytes, unitBits / 8, inverse[last]!, target);
            Shapes.Advance(index, source.Shape.AsSpan(0, last));
        }
    }

    private static long SourceRow(int[] shape, int[] index, Permutation?[] inverse)
    {
        var row = 0L;
        for (var axis = 0; axis < index.Length; axis++)
        {
            row = (row * shape[axis]) + (inverse[axis] is { } from ? from[index[axis]] : index[axis]);
        }

        return row;
    }

    private static void CopyRow(GraphTensor source, long start, long unitBytes, Permutation from, Stream target)
    {
        if (unitBytes > 8)
        {
            foreach (var unit in from.Targets)
            {
                CopyRun(source, start + (unit * unitBytes), unitBytes, target);
            }

            return;
        }

        var units = from.Targets;
        var row = source.Bytes(start, checked((int)(units.Length * unitBytes)));
        var buffer = new byte[(int)Math.Min(row.Length, TileBytes / 8 * unitBytes)];
        for (var first = 0; first < units.Length; first += buffer.Length / (int)unitBytes)
        {
            var tile = units.Slice(first, Math.Min(buffer.Length / (int)unitBytes, units.Length - first));
            Gather(row, tile, (int)unitBytes, buffer);
            target.Write(buffer, 0, tile.Length * (int)unitBytes);
        }
    }

    private static void Gather(ReadOnlySpan<byte> row, ReadOnlySpan<int> units, int unitBytes, Span<byte> buffer)
    {
        switch (unitBytes)
        {
            case 1:
                Gather<byte>(row, units, buffer);
                break;
            case 2:
                Gather<ushort>(row, units, buffer);
                break;
            case 4:
                Gather<uint>(row, units, buffer);
                break;
            case 8:
                Gather<ulong>(row, units, buffer);
                break;
            default:
                for (var i = 0; i < units.Length; i++)
                {
                    row.Slice(units[i] * unitBytes, unitBytes).CopyTo(buffer[(i * unitBytes)..]);
                }

                break;
        }
    }

    private static void Gather<T>(ReadOnlySpan<byte> row, ReadOnlySpan<int> units, Span<byte> buffer)
        where T : unmanaged
    {
        var from = MemoryMarshal.Cast<byte, T>(row);
        var to = MemoryMarshal.Cast<byte, T>(buffer);
        for (var i = 0; i < units.Length; i++)
        {
            to[i] = from[units[i]];
        }
    }

    private static void CopyRun(GraphTensor source, long start, long length, Stream target)
    {
        for (var done = 0L; done < length; done += TileBytes)
        {
            target.Write(source.Bytes(start + done, (int)Math.Min(TileBytes, length - done)));
        }
    }
}
