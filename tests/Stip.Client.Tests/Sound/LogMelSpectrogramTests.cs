using System.Runtime.InteropServices;
using Stip.Client.Sound;
using Stip.TestKit;

namespace Stip.Client.Tests.Sound;

/// <summary>Whisper's spectrogram against what a program in another language made from the definition of
/// WhisperFeatureExtractor (slaney mels, periodic Hann window, mirrored ends).</summary>
public sealed class LogMelSpectrogramTests
{
    // Doubles throughout, on either side: the last bits of a float of about 1.
    private const float LargestDifference = 1e-6f;

    [Theory]
    [InlineData(80)]
    [InlineData(128)]
    public void Apply_OfTonesAndNoise_EqualsTheReference(int mels)
    {
        var expected = MemoryMarshal.Cast<byte, float>(
            File.ReadAllBytes(RepositoryRoot.At("tests", "data", "sounds", $"mel-{mels}.f32"))).ToArray();

        var found = new LogMelSpectrogram(mels, 400, 160, 16_000).Apply(Samples(3000, 4000));

        Assert.Equal(mels * 25, found.Length);
        Assert.All(expected.Zip(found), pair => Assert.Equal(pair.First, pair.Second, LargestDifference));
    }

    [Fact]
    public void Apply_OfSilence_IsTheFloor()
    {
        var found = new LogMelSpectrogram(80, 400, 160, 16_000).Apply(new float[1600]);

        Assert.All(found, value => Assert.Equal((-10f + 4) / 4, value));
    }

    [Fact]
    public void FromFolder_WithoutSettings_IsAsPublished()
    {
        using var folder = new TemporaryFolder();
        var whisper = SoundPreprocessor.FromFolder(folder.Path, isSpectrogram: true, 128, 3000);
        var moonshine = SoundPreprocessor.FromFolder(folder.Path, isSpectrogram: false);
        float[] samples = [.. Enumerable.Range(0, 2000).Select(i => i / 4000f)];

        Assert.Equal((16_000, 480_000, true), (whisper.SampleRate, whisper.WindowSamples, whisper.IsFilledUp));
        Assert.Equal([1, 128, 3000], whisper.Apply(samples).Shape);
        Assert.False(moonshine.IsFilledUp);
        Assert.Equal(samples, moonshine.Apply(samples).Values);
        Assert.Equal(samples[..900], moonshine.Apply(samples.AsSpan(0, 900)).Values[..900]);
        Assert.Equal([1, 1600], moonshine.Apply(samples.AsSpan(0, 900)).Shape);
    }

    [Theory]
    [InlineData("""{"feature_extractor_type":"Speech2TextFeatureExtractor"}""", "Speech2TextFeatureExtractor")]
    [InlineData("""{"feature_size":80}""", "feature_size 80")]
    [InlineData("""{"feature_size":128,"n_fft":401}""", "n_fft 401")]
    [InlineData("""{"feature_size":128,"hop_length":0}""", "hop_length is 0")]
    [InlineData("""{"feature_size":128,"hop_length":1000000}""", "hop_length is 1000000")]
    [InlineData("""{"feature_size":128,"dither":0.1}""", "dither")]
    [InlineData("""{"feature_size":128,"sampling_rate":"a"}""", "not the JSON")]
    public void FromFolder_WithOtherSettings_IsRefused(string settings, string named)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder.At("preprocessor_config.json"), settings);

        var refusal = Assert.Throws<InvalidDataException>(
            () => SoundPreprocessor.FromFolder(folder.Path, isSpectrogram: true, 128, 3000));

        Assert.Contains(named, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_WithDoNormalize_HasMeanZeroAndVarianceOne()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder.At("processor_config.json"),
            """{"feature_extractor":{"feature_extractor_type":"Wav2Vec2FeatureExtractor","do_normalize":true}}""");

        var (values, _) = SoundPreprocessor.FromFolder(folder.Path, isSpectrogram: false).Apply(Samples(3000, 3000));

        Assert.Equal(0, values.Average(), 1e-4f);
        Assert.Equal(1, values.Average(value => value * value), 1e-3f);
    }

    private static float[] Samples(int sounding, int count)
    {
        var samples = new float[count];
        var noise = 12_345L;
        for (var i = 0; i < sounding; i++)
        {
            noise = ((noise * 1_103_515_245) + 12_345) & 0x7fffffff;
            samples[i] = (float)((0.5 * Math.Sin(2 * Math.PI * 440 * i / 16_000))
                + (0.25 * Math.Sin(2 * Math.PI * (300 + (0.05 * i)) * i / 16_000))
                + (0.01 * (((double)noise / 0x7fffffff) - 0.5)));
        }

        return samples;
    }
}
