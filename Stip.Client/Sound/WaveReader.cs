using System.Runtime.InteropServices;
using NAudio.Wave;

namespace Stip.Client.Sound;

/// <summary>Reads WAV files: PCM of 8, 16, 24 or 32 bits and floats of 32 or 64, of any number of channels, which are
/// mixed to one (their mean).</summary>
public static class WaveReader
{
    private const int MostChannels = 64;
    private const int PieceFrames = 4096;
    private static readonly TimeSpan Longest = TimeSpan.FromHours(3);

    /// <summary>Decodes a file.</summary>
    /// <exception cref="InvalidDataException">The bytes are no WAV file that can be read, or the sound is longer than 3
    /// hours; one line.</exception>
    public static Waveform Decode(ReadOnlyMemory<byte> file)
    {
        if (file.Span is not [(byte)'R', (byte)'I', (byte)'F', _, ..])
        {
            throw Unread();
        }

        try
        {
            var bytes = MemoryMarshal.TryGetArray(file, out var array)
                ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
                : new MemoryStream(file.ToArray());
            using var reader = new WaveFileReader(bytes);
            return Read(reader);
        }
        catch (Exception fault) when (fault is FormatException or ArgumentException or IOException
            or NotSupportedException or InvalidOperationException or ArithmeticException)
        {
            // Whatever the package says of damaged bytes.
            throw Unread(fault);
        }
    }

    private static Waveform Read(WaveFileReader reader)
    {
        var format = reader.WaveFormat;
        var (rate, channels) = (format.SampleRate, format.Channels);
        if (rate is < Waveform.LeastSampleRate or > Waveform.MostSampleRate || channels is < 1 or > MostChannels)
        {
            throw new InvalidDataException(
                $"the sound has {rate} samples a second and {channels} channels; "
                + $"{Waveform.LeastSampleRate} to {Waveform.MostSampleRate} and 1 to {MostChannels} are read");
        }

        if (format.BlockAlign != channels * format.BitsPerSample / 8)
        {
            throw Unread();
        }

        var frames = reader.Length / format.BlockAlign;
        return frames <= (long)Longest.TotalSeconds * rate
            ? new Waveform(rate, Mixed(reader.ToSampleProvider(), channels, frames))
            : throw new InvalidDataException($"the sound is longer than the {Longest.TotalHours} hours that are read");
    }

    private static ReadOnlyMemory<float> Mixed(ISampleProvider samples, int channels, long frames)
    {
        var mono = new List<float>(checked((int)Math.Max(0, frames)));
        var piece = new float[PieceFrames * channels];
        var held = 0;
        for (int read; (read = samples.Read(piece.AsSpan(held))) > 0;)
        {
            held += read;
            var whole = held / channels;
            for (var frame = 0; frame < whole; frame++)
            {
                var sum = 0f;
                foreach (var sample in piece.AsSpan(frame * channels, channels))
                {
                    sum += sample;
                }

                mono.Add(float.IsFinite(sum) ? sum / channels : throw Unread());
            }

            piece.AsSpan(whole * channels, held - (whole * channels)).CopyTo(piece);
            held -= whole * channels;
        }

        return mono.Count > 0 ? mono.ToArray() : throw Unread();
    }

    private static InvalidDataException Unread(Exception? fault = null) => new(
        "the sound cannot be read; it must be a WAV file of PCM (8, 16, 24 or 32 bits) or floats with something in it",
        fault);
}
