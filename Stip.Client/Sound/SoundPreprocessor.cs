using System.Numerics.Tensors;
using Stip.Client.Images;

namespace Stip.Client.Sound;

/// <summary>What a model is given of a sound: a spectrogram (Whisper) or the samples themselves (Moonshine).</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class SoundPreprocessor
{
    private const string Part = "feature_extractor";
    private const string Spectrograms = "WhisperFeatureExtractor";
    private const string Samples = "Wav2Vec2FeatureExtractor";
    private const double LeastVariance = 1e-7;
    private const int MostWidth = 8192;

    // Of a model that takes any length.
    private const int Seconds = 30;

    // A tenth of a second: less gives some models no row.
    private const int LeastPart = 10;

    private readonly LogMelSpectrogram? _spectrogram;
    private readonly int _mels;
    private readonly bool _isNormalized;
    private readonly int _padded;

    private SoundPreprocessor(ProcessorSettings settings, int? mels, int? moments, bool isSpectrogram)
    {
        SampleRate = Within(settings, "sampling_rate", 16_000, Waveform.LeastSampleRate, Waveform.MostSampleRate);
        var seconds = Within(settings, "chunk_length", Seconds, 1, 600);
        if (settings.Number("dither", 0) != 0 || settings.Number("padding_value", 0) != 0)
        {
            throw new InvalidDataException("dither and padding_value other than 0 are not known");
        }

        if (!isSpectrogram)
        {
            Require(settings, Samples);
            // As published: Moonshine's file says false, and of the class it is true.
            _isNormalized = settings.Flag("do_normalize", settings.Type is not null);
            WindowSamples = Seconds * SampleRate;
            return;
        }

        Require(settings, Spectrograms);
        _mels = Within(settings, "feature_size", mels ?? 80, 1, 1024);
        var width = Within(settings, "n_fft", 400, 2, MostWidth);
        var step = Within(settings, "hop_length", 160, 1, MostWidth);
        if ((mels ?? _mels) != _mels || width % 2 != 0)
        {
            throw new InvalidDataException(
                $"feature_size {_mels} and n_fft {width} must be the {mels} of the model and even");
        }

        WindowSamples = _padded = moments is { } fixedMoments
            ? checked(fixedMoments * step)
            : seconds * SampleRate / step * step;
        if (_padded <= width / 2)
        {
            throw new InvalidDataException($"{_padded} samples of a window are too few for n_fft {width}");
        }

        _spectrogram = new LogMelSpectrogram(_mels, width, step, SampleRate);
    }

    /// <summary>Samples a second that it takes.</summary>
    public int SampleRate { get; }

    /// <summary>Most samples that it takes at once.</summary>
    public int WindowSamples { get; }

    /// <summary>True where sounds are filled up with silence to the length of a window.</summary>
    public bool IsFilledUp => _padded > 0;

    /// <summary>Reads <c>preprocessor_config.json</c> of a bundle, or the same settings in
    /// <c>processor_config.json</c>; without either those that Whisper and Moonshine were published with.</summary>
    /// <param name="folder">The bundle's.</param>
    /// <param name="isSpectrogram">Whether the model takes one.</param>
    /// <param name="mels">Filters that the model takes; null where it does not say.</param>
    /// <param name="moments">Moments that the model takes; null for any number.</param>
    /// <exception cref="InvalidDataException">The settings are not known; one line.</exception>
    public static SoundPreprocessor FromFolder(
        string folder, bool isSpectrogram, int? mels = null, int? moments = null) =>
        ProcessorSettings.Read(folder, settings => new SoundPreprocessor(settings, mels, moments, isSpectrogram), Part);

    /// <summary>Turns a window into what the model's graph takes.</summary>
    /// <param name="samples">1 to <see cref="WindowSamples"/> of <see cref="SampleRate"/>.</param>
    /// <returns>Values and their shape: <c>[1, mels, moments]</c>, or <c>[1, samples]</c>.</returns>
    public (float[] Values, long[] Shape) Apply(ReadOnlySpan<float> samples)
    {
        var filled = new float[_padded > 0 ? _padded : Math.Max(samples.Length, SampleRate / LeastPart)];
        samples.CopyTo(filled);
        if (_spectrogram is not null)
        {
            var values = _spectrogram.Apply(filled);
            return (values, [1, _mels, values.Length / _mels]);
        }

        if (_isNormalized)
        {
            Normalize(filled.AsSpan(0, samples.Length));
        }

        return (filled, [1, filled.Length]);
    }

    private static void Normalize(Span<float> samples)
    {
        var mean = TensorPrimitives.Sum<float>(samples) / samples.Length;
        TensorPrimitives.Subtract(samples, mean, samples);
        var variance = TensorPrimitives.SumOfSquares<float>(samples) / samples.Length;
        TensorPrimitives.Divide(samples, (float)Math.Sqrt(variance + LeastVariance), samples);
    }

    private static void Require(ProcessorSettings settings, string type)
    {
        if (settings.Type is { } said && said != type)
        {
            throw new InvalidDataException($"feature_extractor_type {said} is not known here; {type} is");
        }
    }

    private static int Within(ProcessorSettings settings, string name, int otherwise, int least, int most) =>
        settings.Integer(name, otherwise) is var value && value >= least && value <= most
            ? value
            : throw new InvalidDataException($"{name} is {value}; it must be in {least}..{most}");
}
