using System.Runtime.InteropServices;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection;

/// <summary>
/// Permutes tensors whose elements are packed: bits move, their values never change. In tiles, never all in memory.
/// </summary>
internal static class PackedCopy
{
    /// <summary>Writes the permuted tensor.</summary>
    /// <param name="source">The plain tensor.</param>
    /// <param name="layout">What its bytes hold.</param>
    /// <param name="axes">For every axis of the layout where its indices move to, null where they stay.</param>
    /// <param name="target">Is given every byte once.</param>
    public static void Write(GraphTensor source, PackedLayout layout, Permutation?[] axes, Stream target)
    {
        var inverse = Array.ConvertAll(axes, axis => axis?.Inverse());
        if (layout.RowBits % 8 != 0)
        {
            WriteBits(source, layout, inverse, target);
            return;
        }

        source.Prefetch();
        var rowBytes = checked((int)(layout.RowBits / 8));
        RowTiles.Write(SourceRows(layout, inverse), RowCount(layout), rowBytes, MakeRow, target);

        void MakeRow(long from, Span<byte> moved)
        {
            // What fills a row up to its last byte stays.
            var row = source.Bytes(from * rowBytes, rowBytes);
            row.CopyTo(moved);
            if (inverse[^1] is { } elements)
            {
                Move(row, elements.Targets, layout.Bits, moved);
            }
        }
    }

    private static long RowCount(PackedLayout layout) =>
        layout.Shape[..^1].Aggregate(1L, (product, length) => product * length);

    private static IEnumerable<long> SourceRows(PackedLayout layout, Permutation?[] inverse)
    {
        var outer = layout.Shape[..^1];
        var index = new int[outer.Length];
        var rows = RowCount(layout);
        for (var row = 0L; row < rows; row++)
        {
            var from = 0L;
            for (var axis = 0; axis < index.Length; axis++)
            {
                from = (from * outer[axis]) + (inverse[axis] is { } map ? map[index[axis]] : index[axis]);
            }

            yield return from;
            Shapes.Advance(index, outer);
        }
    }

    private static void Move(ReadOnlySpan<byte> row, ReadOnlySpan<int> elements, int bits, Span<byte> moved)
    {
        switch (bits)
        {
            case 4:
                MoveNibbles(row, elements, moved);
                break;
            case 8:
                Move<byte>(row, elements, moved);
                break;
            case 16:
                Move<ushort>(row, elements, moved);
                break;
            case 32:
                Move<uint>(row, elements, moved);
                break;
            default:
                for (var i = 0; i < elements.Length; i++)
                {
                    Put(moved, (long)i * bits, bits, Get(row, (long)elements[i] * bits, bits));
                }

                break;
        }
    }

    // Two elements make a byte: half the steps of the general way.
    private static void MoveNibbles(ReadOnlySpan<byte> row, ReadOnlySpan<int> elements, Span<byte> moved)
    {
        for (var i = 0; i + 1 < elements.Length; i += 2)
        {
            moved[i / 2] = (byte)(Nibble(row, elements[i]) | Nibble(row, elements[i + 1]) << 4);
        }

        if (elements.Length % 2 == 1)
        {
            moved[elements.Length / 2] = (byte)(moved[elements.Length / 2] & 0xF0 | Nibble(row, elements[^1]));
        }
    }

    private static int Nibble(ReadOnlySpan<byte> row, int element) => row[element >> 1] >> (element << 2 & 4) & 15;

    private static void Move<T>(ReadOnlySpan<byte> row, ReadOnlySpan<int> elements, Span<byte> moved)
        where T : unmanaged
    {
        var from = MemoryMarshal.Cast<byte, T>(row);
        var to = MemoryMarshal.Cast<byte, T>(moved);
        for (var i = 0; i < elements.Length; i++)
        {
            to[i] = from[elements[i]];
        }
    }

    // Rows that start inside a byte: elements of fewer than 8 bits, in an odd number.
    private static void WriteBits(GraphTensor source, PackedLayout layout, Permutation?[] inverse, Stream target)
    {
        var (pending, held) = (0, 0);
        foreach (var from in SourceRows(layout, inverse))
        {
            var start = from * layout.RowBits;
            var row = source.Bytes(start / 8, (int)(((start % 8) + layout.RowBits + 7) / 8));
            for (var i = 0; i < layout.Shape[^1]; i++)
            {
                var element = inverse[^1] is { } map ? map[i] : i;
                pending |= Get(row, (start % 8) + ((long)element * layout.Bits), layout.Bits) << held;
                held += layout.Bits;
                if (held == 8)
                {
                    target.WriteByte((byte)pending);
                    (pending, held) = (0, 0);
                }
            }
        }

        if (held > 0)
        {
            target.WriteByte((byte)pending);
        }
    }

    private static int Get(ReadOnlySpan<byte> bytes, long bit, int bits) =>
        bytes[(int)(bit >> 3)] >> (int)(bit & 7) & ((1 << bits) - 1);

    private static void Put(Span<byte> bytes, long bit, int bits, int value)
    {
        ref var target = ref bytes[(int)(bit >> 3)];
        var (shift, mask) = ((int)(bit & 7), (1 << bits) - 1);
        target = (byte)(target & ~(mask << shift) | value << shift);
    }
}
