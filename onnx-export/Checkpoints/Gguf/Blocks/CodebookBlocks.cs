using System.Buffers.Binary;

namespace Stip.Export.Checkpoints.Gguf.Blocks;

/// <summary>Blocks whose four bits name an entry of a fixed, uneven table (ggml-quants,
/// <c>kvalues_iq4nl</c>).</summary>
internal static class CodebookBlocks
{
    private const int Half = 16;

    private static ReadOnlySpan<sbyte> Values =>
        [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    public static void Iq4Nl(ReadOnlySpan<byte> block, Span<float> values) =>
        Decode(PlainBlocks.Half(block), block[2..18], values);

    public static void Iq4Xs(ReadOnlySpan<byte> block, Span<float> values)
    {
        var d = PlainBlocks.Half(block);
        var high = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        var low = block[4..8];
        var quants = block[8..];
        for (var sub = 0; sub < 8; sub++)
        {
            var scale = low[sub / 2] >> (sub % 2 * 4) & 15 | (high >> (sub * 2) & 3) << 4;
            Decode(d * (scale - 32), quants.Slice(sub * Half, Half), values.Slice(sub * 2 * Half, 2 * Half));
        }
    }

    private static void Decode(float scale, ReadOnlySpan<byte> quants, Span<float> values)
    {
        for (var i = 0; i < Half; i++)
        {
            values[i] = scale * Values[quants[i] & 15];
            values[i + Half] = scale * Values[quants[i] >> 4];
        }
    }
}
