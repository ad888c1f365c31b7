namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>Blocks of -1, 0 and 1 (some with 2), and of signs alone, times one scale (ggml-quants,
/// <c>block_tq1_0</c>, <c>block_tq2_0</c>, <c>block_q1_0</c>, <c>block_q2_0</c>).</summary>
internal static class TernaryBlocks
{
    private static ReadOnlySpan<byte> Powers => [1, 3, 9, 27, 81];

    /// <summary>Five elements a byte, as digits of a fraction in base 3; the last 16 elements four a byte.</summary>
    public static void Tq1_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block[52..]);
        Digits(block[..32], values[..160], d);
        Digits(block[32..48], values[160..240], d);
        Digits(block[48..52], values[240..], d);
    }

    /// <summary>Four elements a byte, 32 bytes apart from each other in the block.</summary>
    public static void Tq2_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block[64..]);
        for (var i = 0; i < values.Length; i++)
        {
            var stored = block[i / 128 * 32 + i % 32];
            values[i] = d * ((stored >> (i % 128 / 32 * 2) & 3) - 1);
        }
    }

    public static void Q1_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (block[2 + i / 8] >> (i % 8) & 1) == 1 ? d : -d;
        }
    }

    public static void Q2_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = d * ((block[2 + i / 4] >> (i % 4 * 2) & 3) - 1);
        }
    }

    // All first digits, then all second ones.
    private static void Digits(ReadOnlySpan<byte> stored, Span<float> values, float d)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var (digit, place) = Math.DivRem(i, stored.Length);
            var fraction = (byte)(stored[place] * Powers[digit]);
            values[i] = d * ((fraction * 3 >> 8) - 1);
        }
    }
}
