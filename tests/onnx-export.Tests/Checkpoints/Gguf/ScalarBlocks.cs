using System.Buffers.Binary;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>
/// Elements of blocks one by one, by formulas for the place of their bits: what the decoders under test are compared
/// with.
/// </summary>
internal static class ScalarBlocks
{
    private static readonly int[] Codebook =
        [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>Element <paramref name="i"/> of a block.</summary>
    public static double Element(string type, byte[] b, int i) => type switch
    {
        "F32" => BinaryPrimitives.ReadSingleLittleEndian(b),
        "F16" => Half(b, 0),
        "BF16" => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(b) << 16),
        "Q4_0" => Half(b, 0) * (Nibble(b, 2, i) - 8),
        "Q4_1" => Half(b, 0) * Nibble(b, 4, i) + Half(b, 2),
        "Q5_0" => Half(b, 0) * (Nibble(b, 6, i) + 16 * Bit(b, 2, i) - 16),
        "Q5_1" => Half(b, 0) * (Nibble(b, 8, i) + 16 * Bit(b, 4, i)) + Half(b, 2),
        "Q8_0" => Half(b, 0) * (sbyte)b[2 + i],
        "Q2_K" => Half(b, 80) * (b[i / 16] % 16) * TwoBits(b, 16, i) - Half(b, 82) * (b[i / 16] / 16),
        "Q3_K" => Half(b, 108) * (SixBits(b, 96, i / 16) - 32) * (TwoBits(b, 32, i) - 4 + 4 * HighBit(b, 0, i)),
        "Q4_K" => Half(b, 0) * Scale(b, i / 32) * Paired(b, 16, i) - Half(b, 2) * Minimum(b, i / 32),
        "Q5_K" => Half(b, 0) * Scale(b, i / 32) * (Paired(b, 48, i) + 16 * HighBit(b, 16, i))
            - Half(b, 2) * Minimum(b, i / 32),
        "Q6_K" => Half(b, 208) * (sbyte)b[192 + i / 16] * (SixBitQuant(b, i) - 32),
        "IQ4_NL" => Half(b, 0) * Codebook[Nibble(b, 2, i)],
        "IQ4_XS" => Half(b, 0) * (XsScale(b, i / 32) - 32) * Codebook[Nibble(b, 8 + i / 32 * 16, i % 32)],
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, null),
    };

    private static double Half(byte[] b, int at) => (double)BinaryPrimitives.ReadHalfLittleEndian(b.AsSpan(at));

    // Elements 0..15 in the low halves, 16..31 in the high ones.
    private static int Nibble(byte[] b, int at, int i) => i < 16 ? b[at + i] % 16 : b[at + i - 16] / 16;

    private static int Bit(byte[] b, int at, int i) => b[at + i / 8] >> i % 8 & 1;

    // Groups of 32 elements take the low, then the high halves of 32 bytes.
    private static int Paired(byte[] b, int at, int i)
    {
        var value = b[at + i / 64 * 32 + i % 32];
        return i / 32 % 2 == 0 ? value % 16 : value / 16;
    }

    private static int TwoBits(byte[] b, int at, int i) => b[at + i / 128 * 32 + i % 32] >> 2 * (i / 32 % 4) & 3;

    private static int HighBit(byte[] b, int at, int i) => b[at + i % 32] >> i / 32 & 1;

    private static int Scale(byte[] b, int sub) =>
        sub < 4 ? b[4 + sub] % 64 : b[8 + sub] % 16 + 16 * (b[sub] / 64);

    private static int Minimum(byte[] b, int sub) =>
        sub < 4 ? b[8 + sub] % 64 : b[8 + sub] / 16 + 16 * (b[4 + sub] / 64);

    private static int SixBits(byte[] b, int at, int sub)
    {
        var low = sub < 8 ? b[at + sub] % 16 : b[at + sub - 8] / 16;
        return low + 16 * (b[at + 8 + sub % 4] >> 2 * (sub / 4) & 3);
    }

    private static int SixBitQuant(byte[] b, int i)
    {
        var (half, quarter, place) = (i / 128, i / 32 % 4, i % 32);
        var shared = b[half * 64 + quarter % 2 * 32 + place];
        var low = quarter < 2 ? shared % 16 : shared / 16;
        return low + 16 * (b[128 + half * 32 + place] >> 2 * quarter & 3);
    }

    private static int XsScale(byte[] b, int sub)
    {
        var high = BinaryPrimitives.ReadUInt16LittleEndian(b.AsSpan(2)) >> 2 * sub & 3;
        return (sub % 2 == 0 ? b[4 + sub / 2] % 16 : b[4 + sub / 2] / 16) + 16 * high;
    }
}
