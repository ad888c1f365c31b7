using System.Buffers.Binary;

namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>
/// Blocks of 32 elements with one scale <c>d</c>, some with a minimum <c>m</c> (ggml-quants, <c>block_q4_0</c> and its
/// kin). Low halves of the bytes are elements 0..15, high halves 16..31.
/// </summary>
internal static class SmallBlocks
{
    private const int Half = 16;

    public static void Q4_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var quants = block[2..];
        for (var i = 0; i < Half; i++)
        {
            values[i] = d * ((quants[i] & 15) - 8);
            values[i + Half] = d * ((quants[i] >> 4) - 8);
        }
    }

    public static void Q4_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (d, m) = (PlainBlocks.Half(block), PlainBlocks.Half(block[2..]));
        var quants = block[4..];
        for (var i = 0; i < Half; i++)
        {
            values[i] = d * (quants[i] & 15) + m;
            values[i + Half] = d * (quants[i] >> 4) + m;
        }
    }

    public static void Q5_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        var quants = block[6..];
        for (var i = 0; i < Half; i++)
        {
            values[i] = d * (Low(quants[i], fifth, i) - 16);
            values[i + Half] = d * (High(quants[i], fifth, i) - 16);
        }
    }

    public static void Q5_1(ReadOnlySpan<byte> block, Span<float> values)
    {
        var (d, m) = (PlainBlocks.Half(block), PlainBlocks.Half(block[2..]));
        var fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        var quants = block[8..];
        for (var i = 0; i < Half; i++)
        {
            values[i] = d * Low(quants[i], fifth, i) + m;
            values[i + Half] = d * High(quants[i], fifth, i) + m;
        }
    }

    public static void Q8_0(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        for (var i = 0; i < 2 * Half; i++)
        {
            values[i] = d * (sbyte)block[2 + i];
        }
    }

    private static int Low(byte quant, uint fifth, int i) => (quant & 15) | (int)(fifth >> i & 1) << 4;

    private static int High(byte quant, uint fifth, int i) => (quant >> 4) | (int)(fifth >> (i + Half) & 1) << 4;
}
