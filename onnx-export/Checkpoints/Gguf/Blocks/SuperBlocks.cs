namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>
/// K-quants: 256 elements in sub-blocks whose scales are small integers times one scale of the whole (ggml-quants,
/// <c>block_q2_K</c> to <c>block_q6_K</c>).
/// </summary>
internal static class SuperBlocks
{
    private const int Length = 256;

    public static void Q2_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scales = block[..16];
        var quants = block[16..80];
        var (d, least) = (PlainBlocks.Half(block[80..]), PlainBlocks.Half(block[82..]));
        for (var i = 0; i < Length; i++)
        {
            // 128 elements share 32 bytes, two bits each.
            var quant = quants[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
            var scale = scales[i / 16];
            values[i] = d * (scale & 15) * quant - least * (scale >> 4);
        }
    }

    public static void Q3_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var high = block[..32];
        var quants = block[32..96];
        var scales = block[96..108];
        var d = PlainBlocks.Half(block[108..]);
        for (var i = 0; i < Length; i++)
        {
            var low = quants[i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
            var quant = low - ((high[i % 32] >> (i / 32) & 1) == 1 ? 0 : 4);
            values[i] = d * (Q3Scale(scales, i / 16) - 32) * quant;
        }
    }

    public static void Q4_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (d, least) = (PlainBlocks.Half(block), PlainBlocks.Half(block[2..]));
        var quants = block[16..];
        for (var i = 0; i < Length; i++)
        {
            var (scale, minimum) = ScaleAndMinimum(block[4..16], i / 32);
            var quant = quants[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
            values[i] = d * scale * quant - least * minimum;
        }
    }

    public static void Q5_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (d, least) = (PlainBlocks.Half(block), PlainBlocks.Half(block[2..]));
        var high = block[16..48];
        var quants = block[48..];
        for (var i = 0; i < Length; i++)
        {
            var (scale, minimum) = ScaleAndMinimum(block[4..16], i / 32);
            var low = quants[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
            var quant = low | (high[i % 32] >> (i / 32) & 1) << 4;
            values[i] = d * scale * quant - least * minimum;
        }
    }

    public static void Q6_K(ReadOnlySpan<byte> block, Span<float> values)
    {
        var low = block[..128];
        var high = block[128..192];
        var scales = block[192..208];
        var d = PlainBlocks.Half(block[208..]);
        for (var i = 0; i < Length; i++)
        {
            var (half, inside) = Math.DivRem(i, 128);
            var quant = low[half * 64 + inside % 64] >> (inside / 64 * 4) & 15
                | (high[half * 32 + inside % 32] >> (inside / 32 * 2) & 3) << 4;
            values[i] = d * (sbyte)scales[i / 16] * (quant - 32);
        }
    }

    /// <summary>Scale and minimum of one of the eight sub-blocks, six bits each in twelve bytes.</summary>
    public static (int Scale, int Minimum) ScaleAndMinimum(ReadOnlySpan<byte> packed, int sub) => sub < 4
        ? (packed[sub] & 63, packed[sub + 4] & 63)
        : (packed[sub + 4] & 15 | packed[sub - 4] >> 6 << 4, packed[sub + 4] >> 4 | packed[sub] >> 6 << 4);

    // Sixteen scales of six bits: the low four in eight bytes, the high two in four more.
    private static int Q3Scale(ReadOnlySpan<byte> packed, int sub) =>
        packed[sub % 8] >> (sub / 8 * 4) & 15 | (packed[8 + sub % 4] >> (sub / 4 * 2) & 3) << 4;
}
