using System.Buffers.Binary;

namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>
/// Blocks of 256 elements whose groups of 8 (or 4) name a point of a table and the signs of its coordinates
/// (ggml-quants, <c>block_iq2_xxs</c> to <c>block_iq3_s</c>). Sub-blocks have scales of four bits.
/// </summary>
internal static class GridBlocks
{
    private const int SubBlocks = 8;
    private const int Groups = 4;
    private const int GroupLength = 8;
    private const int SubLength = Groups * GroupLength;

    public static void Iq2Xxs(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        for (var sub = 0; sub < SubBlocks; sub++)
        {
            var points = block.Slice(2 + 8 * sub, Groups);
            var rest = BinaryPrimitives.ReadUInt32LittleEndian(block[(6 + 8 * sub)..]);
            for (var group = 0; group < Groups; group++)
            {
                var target = values.Slice(sub * SubLength + group * GroupLength, GroupLength);
                Fill(target, Grids.Iq2Xxs, points[group], EvenSigns(rest >> (7 * group)), Quarter(d, rest >> 28));
            }
        }
    }

    public static void Iq2Xs(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var scales = block[66..74];
        for (var group = 0; group < SubBlocks * Groups; group++)
        {
            var stored = BinaryPrimitives.ReadUInt16LittleEndian(block[(2 + 2 * group)..]);
            var target = values.Slice(group * GroupLength, GroupLength);
            var scale = Quarter(d, Nibble(scales, group / 2));
            Fill(target, Grids.Iq2Xs, stored & 511, EvenSigns((uint)stored >> 9), scale);
        }
    }

    public static void Iq2S(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var low = block[2..34];
        var signs = block[34..66];
        var high = block[66..74];
        var scales = block[74..82];
        for (var group = 0; group < SubBlocks * Groups; group++)
        {
            var point = low[group] | (high[group / Groups] >> (2 * (group % Groups)) & 3) << 8;
            var target = values.Slice(group * GroupLength, GroupLength);
            Fill(target, Grids.Iq2S, point, signs[group], Quarter(d, Nibble(scales, group / 2)));
        }
    }

    public static void Iq3Xxs(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var points = block[2..66];
        for (var sub = 0; sub < SubBlocks; sub++)
        {
            var rest = BinaryPrimitives.ReadUInt32LittleEndian(block[(66 + 4 * sub)..]);
            for (var group = 0; group < Groups; group++)
            {
                var place = sub * Groups + group;
                FillHalves(
                    values.Slice(place * GroupLength, GroupLength),
                    Grids.Iq3Xxs,
                    (points[2 * place], points[2 * place + 1]),
                    EvenSigns(rest >> (7 * group)),
                    2 * Quarter(d, rest >> 28));
            }
        }
    }

    public static void Iq3S(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var low = block[2..66];
        var high = block[66..74];
        var signs = block[74..106];
        var scales = block[106..110];
        for (var group = 0; group < SubBlocks * Groups; group++)
        {
            var (sub, inside) = Math.DivRem(group, Groups);
            var more = high[sub] >> (2 * inside);
            FillHalves(
                values.Slice(group * GroupLength, GroupLength),
                Grids.Iq3S,
                (low[2 * group] | (more & 1) << 8, low[2 * group + 1] | (more & 2) << 7),
                signs[group],
                d * (1 + 2 * Nibble(scales, sub)));
        }
    }

    private static float Quarter(float d, uint scale) => d * (0.5f + scale) * 0.25f;

    private static uint Nibble(ReadOnlySpan<byte> bytes, int place) => (uint)bytes[place / 2] >> (place % 2 * 4) & 15;

    // Seven signs are stored; the eighth makes their number even.
    private static int EvenSigns(uint stored)
    {
        var seven = (int)(stored & 127);
        return seven | (int.PopCount(seven) & 1) << 7;
    }

    private static void FillHalves(
        Span<float> values, sbyte[] grid, (int First, int Second) points, int signs, float scale)
    {
        Fill(values[..(GroupLength / 2)], grid, points.First, signs, scale);
        Fill(values[(GroupLength / 2)..], grid, points.Second, signs >> (GroupLength / 2), scale);
    }

    // A point's coordinates, each with its sign.
    private static void Fill(Span<float> values, sbyte[] grid, int point, int signs, float scale)
    {
        var coordinates = grid.AsSpan(point * values.Length, values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = scale * ((signs >> i & 1) == 1 ? -coordinates[i] : coordinates[i]);
        }
    }
}
