namespace Stip.Client.Tests.Sound;

/// <summary>WAV files, good ones and others.</summary>
internal static class WaveFile
{
    private const int Extensible = 0xfffe;

    public static byte[] Write(
        int format,
        int kind,
        int bits,
        int rate,
        int channels,
        Func<int, int, float> sample,
        int count)
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        var frame = channels * bits / 8;
        var isLong = format == Extensible;
        writer.Write("RIFF"u8);
        writer.Write((isLong ? 60 : 36) + (frame * count));
        writer.Write("WAVEfmt "u8);
        writer.Write(isLong ? 40 : 16);
        writer.Write((ushort)format);
        writer.Write((short)channels);
        writer.Write(rate);
        writer.Write(rate * frame);
        writer.Write((short)frame);
        writer.Write((short)bits);
        if (isLong)
        {
            writer.Write((short)22);
            writer.Write((short)bits);
            writer.Write(0);
            writer.Write((short)kind);
            writer.Write([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71]);
        }

        writer.Write("data"u8);
        writer.Write(frame * count);
        for (var i = 0; i < count * channels; i++)
        {
            Write(writer, kind, bits, sample(i / channels, i % channels));
        }

        return file.ToArray();
    }

    private static void Write(BinaryWriter writer, int kind, int bits, float value)
    {
        switch (kind, bits)
        {
            case (3, 32):
                writer.Write(value);
                break;
            case (3, 64):
                writer.Write((double)value);
                break;
            case (_, 8):
                writer.Write((byte)(128 + (value * 127)));
                break;
            default:
                var whole = (long)(value * ((1L << (bits - 1)) - 1));
                writer.Write(BitConverter.GetBytes(whole).AsSpan(0, bits / 8));
                break;
        }
    }
}
