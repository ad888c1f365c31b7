using System.Buffers.Binary;

namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>
/// Blocks of 256 elements whose groups of 8 name a point of -1, 0 and 1, moved a little to one side as a whole
/// (ggml-quants, <c>block_iq1_s</c> and <c>block_iq1_m</c>).
/// </summary>
internal static class OneBitBlocks
{
    private const float Shift = 0.125f;
    private const int Groups = 32;
    private const int GroupLength = 8;

    public static void Iq1S(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var low = block[2..34];
        for (var group = 0; group < Groups; group++)
        {
            var (sub, inside) = Math.DivRem(group, 4);
            var high = BinaryPrimitives.ReadUInt16LittleEndian(block[(34 + 2 * sub)..]);
            var point = low[group] | (high >> (3 * inside) & 7) << 8;
            Fill(values, group, point, (high & 0x8000) != 0, d * (2 * (high >> 12 & 7) + 1));
        }
    }

    public static void Iq1M(ReadOnlySpan<byte> block, Span<float> values)
    {
        var low = block[..32];
        var high = block[32..48];
        Span<ushort> scales = stackalloc ushort[4]; // the top halves of bytes make the scale of the whole
        var whole = 0;
        for (var i = 0; i < scales.Length; i++)
        {
            scales[i] = BinaryPrimitives.ReadUInt16LittleEndian(block[(48 + 2 * i)..]);
            whole |= scales[i] >> 12 << (4 * i);
        }

        var d = (float)BitConverter.UInt16BitsToHalf((ushort)whole);
        for (var group = 0; group < Groups; group++)
        {
            var more = high[group / 2] >> (group % 2 * 4);
            var pair = group / 2;
            var scale = scales[pair / 4] >> (3 * (pair % 4)) & 7;
            Fill(values, group, low[group] | (more & 7) << 8, (more & 8) != 0, d * (2 * scale + 1));
        }
    }

    private static void Fill(Span<float> values, int group, int point, bool isBelow, float scale)
    {
        var coordinates = Grids.Iq1.AsSpan(point * GroupLength, GroupLength);
        var target = values.Slice(group * GroupLength, GroupLength);
        for (var i = 0; i < GroupLength; i++)
        {
            target[i] = scale * (coordinates[i] + (isBelow ? -Shift : Shift));
        }
    }
}
