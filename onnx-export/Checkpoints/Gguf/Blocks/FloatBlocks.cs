namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>Blocks of 32 numbers of four bits, each a tiny float, times a power of two (OCP Microscaling Formats,
/// MXFP4).</summary>
internal static class FloatBlocks
{
    private const int Half = 16;
    private const int ExponentBias = 127;

    private static ReadOnlySpan<float> Numbers =>
        [0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0f, -0.5f, -1, -1.5f, -2, -3, -4, -6];

    public static void Mxfp4(ReadOnlySpan<byte> block, Span<float> values)
    {
        var scale = MathF.ScaleB(1, block[0] - ExponentBias);
        var quants = block[1..];
        for (var i = 0; i < Half; i++)
        {
            values[i] = scale * Numbers[quants[i] & 15];
            values[i + Half] = scale * Numbers[quants[i] >> 4];
        }
    }
}
