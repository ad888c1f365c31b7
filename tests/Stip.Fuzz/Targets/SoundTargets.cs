using Stip.Client.Sound;

namespace Stip.Fuzz.Targets;

/// <summary>Sounds that somebody else recorded.</summary>
internal static class SoundTargets
{
    private const int Pcm = 1;
    private const int Float = 3;

    public static FuzzTarget Wave() => new(
        "sound",
        [File(Pcm, 8, 1), File(Pcm, 16, 2), File(Pcm, 24, 1), File(Pcm, 32, 1), File(Float, 32, 2)],
        input => WaveReader.Decode(input),
        typeof(InvalidDataException));

    private static byte[] File(short kind, short bits, short channels)
    {
        const int Frames = 24;
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        var frame = (short)(channels * bits / 8);
        writer.Write("RIFF"u8);
        writer.Write(36 + (frame * Frames));
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write(kind);
        writer.Write(channels);
        writer.Write(16_000);
        writer.Write(16_000 * frame);
        writer.Write(frame);
        writer.Write(bits);
        writer.Write("data"u8);
        writer.Write(frame * Frames);
        writer.Write(new byte[frame * Frames]);
        return file.ToArray();
    }
}
