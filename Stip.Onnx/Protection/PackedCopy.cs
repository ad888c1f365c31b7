using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection;

/// <summary>Permutes tensors whose elements are packed: bits move, their values never change.</summary>
internal static class PackedCopy
{
    /// <summary>Writes the permuted tensor.</summary>
    /// <param name="source">The plain tensor.</param>
    /// <param name="layout">What its bytes hold.</param>
    /// <param name="axes">For every axis of the layout where its indices move to, null where they stay.</param>
    /// <param name="target">Is given every byte once.</param>
    public static void Write(GraphTensor source, PackedLayout layout, Permutation?[] axes, Stream target)
    {
        var plain = source.Bytes();
        var moved = new byte[plain.Length];
        var inverse = Array.ConvertAll(axes, axis => axis?.Inverse());
        var outer = layout.Shape[..^1];
        var index = new int[outer.Length];
        for (var row = 0L; row < outer.Aggregate(1L, (product, length) => product * length); row++)
        {
            var from = 0L;
            for (var axis = 0; axis < index.Length; axis++)
            {
                from = (from * outer[axis]) + (inverse[axis] is { } map ? map[index[axis]] : index[axis]);
            }

            MoveRow(plain, from * layout.RowBits, moved, row * layout.RowBits, layout, inverse[^1]);
            Shapes.Advance(index, outer);
        }

        target.Write(moved);
    }

    private static void MoveRow(
        ReadOnlySpan<byte> plain, long from, Span<byte> moved, long to, PackedLayout layout, Permutation? inverse)
    {
        for (var i = 0; i < layout.Shape[^1]; i++)
        {
            var source = from + ((inverse is null ? i : inverse[i]) * (long)layout.Bits);
            for (var bit = 0; bit < layout.Bits; bit += Math.Min(layout.Bits, 8))
            {
                var (read, write) = (source + bit, to + (i * (long)layout.Bits) + bit);
                var mask = layout.Bits >= 8 ? 0xFF : (1 << layout.Bits) - 1;
                var value = (plain[(int)(read >> 3)] >> (int)(read & 7)) & mask;
                moved[(int)(write >> 3)] |= (byte)(value << (int)(write & 7));
            }
        }

        // What fills a row up to its last byte stays.
        for (var bit = (long)layout.Shape[^1] * layout.Bits; bit < layout.RowBits; bit++)
        {
            var filler = (plain[(int)((from + bit) >> 3)] >> (int)((from + bit) & 7)) & 1;
            moved[(int)((to + bit) >> 3)] |= (byte)(filler << (int)((to + bit) & 7));
        }
    }
}
