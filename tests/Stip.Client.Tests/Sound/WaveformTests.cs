using Stip.Client.Sound;

namespace Stip.Client.Tests.Sound;

/// <summary>WAV files of all kinds, other rates, and where long sounds are cut.</summary>
public sealed class WaveformTests
{
    private const int Pcm = 1;
    private const int Float = 3;
    private const int Extensible = 0xfffe;

    [Theory]
    [InlineData(Pcm, 8, 1, 1e-2)]
    [InlineData(Pcm, 16, 1, 1e-4)]
    [InlineData(Pcm, 24, 2, 1e-6)]
    [InlineData(Pcm, 32, 3, 1e-6)]
    [InlineData(Float, 32, 2, 1e-7)]
    [InlineData(Float, 64, 1, 1e-7)]
    public void Decode_OfAFile_IsWhatWasWritten(int kind, int bits, int channels, double tolerance)
    {
        float[] wanted = [0, 0.5f, -0.5f, 0.25f, -0.999f];

        foreach (var format in new[] { kind, Extensible })
        {
            var found = WaveReader.Decode(WaveFile.Write(
                format, kind, bits, 8000, channels, (frame, _) => wanted[frame], wanted.Length));

            Assert.Equal(8000, found.SampleRate);
            Assert.Equal(wanted.Length, found.Samples.Length);
            Assert.All(wanted.Zip(found.Samples.ToArray()), pair => Assert.Equal(pair.First, pair.Second, tolerance));
        }
    }

    [Fact]
    public void Decode_OfSeveralChannels_MixesThem()
    {
        var found = WaveReader.Decode(WaveFile.Write(
            Pcm, Pcm, 16, 44_100, 2, (frame, channel) => channel == 0 ? 0.5f : -0.25f, 10_000));

        Assert.Equal(10_000, found.Samples.Length);
        Assert.All(found.Samples.ToArray(), sample => Assert.Equal(0.125f, sample, 1e-4f));
    }

    [Fact]
    public void Decode_OfOtherBytes_IsRefused()
    {
        var file = WaveFile.Write(Pcm, Pcm, 16, 8000, 1, (_, _) => 0.5f, 100);

        foreach (var bad in new byte[][]
        {
            [], "RIFF"u8.ToArray(), "OggS0000000000000000"u8.ToArray(), file[..40],
            WaveFile.Write(7, Pcm, 8, 8000, 1, (_, _) => 0, 100), WaveFile.Write(Pcm, Pcm, 16, 10, 1, (_, _) => 0, 100),
            WaveFile.Write(Pcm, Pcm, 12, 8000, 1, (_, _) => 0, 100),
            WaveFile.Write(Pcm, Pcm, 16, 8000, 1, (_, _) => 0, 0),
            WaveFile.Write(Float, Float, 32, 8000, 1, (_, _) => float.NaN, 100),
            WaveFile.Write(Pcm, Pcm, 8, 1000, 1, (_, _) => 0, 10_900_000),
        })
        {
            Assert.Throws<InvalidDataException>(() => WaveReader.Decode(bad));
        }
    }

    [Theory]
    [InlineData(8000)]
    [InlineData(11_025)]
    [InlineData(22_050)]
    [InlineData(44_100)]
    [InlineData(48_000)]
    public void At_AnotherRate_IsTheSameTone(int rate)
    {
        var tone = new Waveform(rate, Tone(rate, 1234.5, rate / 2));

        var found = tone.At(16_000).Samples.ToArray();

        // The ends lack what lies beyond them.
        var expected = Tone(16_000, 1234.5, found.Length);
        Assert.InRange(found.Length, 7999, 8001);
        Assert.All(Enumerable.Range(500, 7000), i => Assert.Equal(expected[i], found[i], 1e-4f));
    }

    [Theory]
    [InlineData(48_000, 8_300)]
    [InlineData(48_000, 15_000)]
    [InlineData(44_100, 20_000)]
    public void At_ALowerRate_LeavesOutWhatItCannotCarry(int rate, double hertz)
    {
        var found = new Waveform(rate, Tone(rate, hertz, rate / 2)).At(16_000).Samples.ToArray();

        Assert.All(Enumerable.Range(500, 7000), i => Assert.Equal(0, found[i], 2e-4f));
    }

    [Fact]
    public void Cut_OfALongSound_EndsWindowsWhereItIsQuiet()
    {
        var samples = Tone(16_000, 300, 100_000);
        samples.AsSpan(28_500, 200).Clear();

        var windows = SoundWindows.Cut(samples, 30_000);

        Assert.Equal(0, windows[0].Start.Value);
        Assert.InRange(windows[0].End.Value, 28_500, 28_700);
        Assert.Equal(samples.Length, windows[^1].End.Value);
        Assert.All(windows, window => Assert.InRange(window.End.Value - window.Start.Value, 1, 30_000));
        Assert.All(windows.Zip(windows.Skip(1)), pair => Assert.Equal(pair.First.End, pair.Second.Start));
        Assert.Equal([0..30_000], SoundWindows.Cut(samples.AsSpan(0, 30_000), 30_000));
    }

    [Theory]
    [InlineData("German", "de")]
    [InlineData(" <|de|> ", "de")]
    [InlineData("DE", "de")]
    [InlineData("Haitian Creole", "ht")]
    [InlineData("klingon", "klingon")]
    public void CodeOf_ANameACodeOrAToken_IsTheCode(string given, string code) =>
        Assert.Equal(code, SpeechLanguages.CodeOf(given));

    private static float[] Tone(int rate, double hertz, int count) =>
        [.. Enumerable.Range(0, count).Select(i => (float)(0.8 * Math.Sin(2 * Math.PI * hertz * i / rate)))];
}
