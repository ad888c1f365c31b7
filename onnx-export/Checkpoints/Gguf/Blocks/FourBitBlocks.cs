namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>
/// Rows of Q4_0, Q4_1 and Q4_K blocks as runtimes want them: neighbours in one byte, scale and offset apart. The 4-bit
/// numbers are the stored ones; Q4_K's scales are products of two short numbers, which float32 holds exactly.
/// </summary>
internal static class FourBitBlocks
{
    private const int Length = IFourBitRows.BlockLength;
    private const int Bytes = Length / 2;
    private const int Zero = IFourBitRows.ZeroPoint;
    private const int SubBlocks = 8;

    private static readonly string[] Names = ["Q4_0", "Q4_1", "Q4_K"];

    public static bool Has(GgmlType type) => Names.Contains(type.Name);

    public static bool HasOffsets(GgmlType type) => type.Name != Names[0];

    /// <summary>Takes whole blocks apart.</summary>
    public static void Split(
        GgmlType type, ReadOnlySpan<byte> blocks, Span<byte> pairs, Span<float> scales, Span<float> offsets)
    {
        var perBlock = type.BlockLength / Length;
        for (var i = 0; i * type.BlockBytes < blocks.Length; i++)
        {
            var block = blocks.Slice(i * type.BlockBytes, type.BlockBytes);
            var first = i * perBlock;
            var itsPairs = pairs.Slice(first * Bytes, perBlock * Bytes);
            var itsScales = scales.Slice(first, perBlock);
            var itsOffsets = offsets.Slice(first, perBlock);
            if (perBlock == 1)
            {
                SplitSmall(block, itsPairs, ref itsScales[0], ref itsOffsets[0]);
            }
            else
            {
                SplitSuper(block, itsPairs, itsScales, itsOffsets);
            }
        }
    }

    private static void SplitSmall(ReadOnlySpan<byte> block, Span<byte> pairs, ref float scale, ref float offset)
    {
        var hasMinimum = block.Length > Bytes + 2;
        scale = PlainBlocks.Half(block);
        offset = hasMinimum ? PlainBlocks.Half(block[2..]) + Zero * scale : 0;
        PairNeighbours(block[^Bytes..], pairs);
    }

    private static void SplitSuper(ReadOnlySpan<byte> block, Span<byte> pairs, Span<float> scales, Span<float> offsets)
    {
        var (d, least) = (PlainBlocks.Half(block), PlainBlocks.Half(block[2..]));
        for (var sub = 0; sub < SubBlocks; sub++)
        {
            var (scale, minimum) = SuperBlocks.ScaleAndMinimum(block[4..16], sub);
            scales[sub] = d * scale;
            offsets[sub] = Zero * scales[sub] - least * minimum;
        }

        // Two sub-blocks lie in the low and the high halves of the same bytes.
        for (var sub = 0; sub < SubBlocks; sub += 2)
        {
            PairNeighbours(block.Slice(16 + sub * Bytes, 2 * Bytes), pairs.Slice(sub * Bytes, 2 * Bytes));
        }
    }

    // First all low halves, then all high halves.
    private static void PairNeighbours(ReadOnlySpan<byte> stored, Span<byte> pairs)
    {
        var half = stored.Length / 2;
        for (var i = 0; i < half; i++)
        {
            var (left, right) = (stored[2 * i], stored[2 * i + 1]);
            pairs[i] = (byte)(left & 15 | right << 4);
            pairs[half + i] = (byte)(left >> 4 | right & 240);
        }
    }
}
