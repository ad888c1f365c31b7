namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>Sounds that are made here.</summary>
internal static class Tones
{
    public const int Rate = 16_000;

    /// <summary>A rising tone with some noise.</summary>
    public static float[] Make(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(i => (float)(
            (0.4 * Math.Sin(0.05 * i * (seed + (i / 8000.0)))) + (0.05 * (random.NextDouble() - 0.5))))];
    }

    /// <summary>A WAV file of 32-bit floats.</summary>
    public static byte[] Wave(float[] samples, int rate = Rate)
    {
        using var file = new MemoryStream();
        using var writer = new BinaryWriter(file);
        var bytes = samples.Length * sizeof(float);
        writer.Write("RIFF"u8);
        writer.Write(36 + bytes);
        writer.Write("WAVEfmt "u8);
        writer.Write(16);
        writer.Write((short)3);
        writer.Write((short)1);
        writer.Write(rate);
        writer.Write(rate * sizeof(float));
        writer.Write((short)sizeof(float));
        writer.Write((short)32);
        writer.Write("data"u8);
        writer.Write(bytes);
        Array.ForEach(samples, writer.Write);
        return file.ToArray();
    }
}
