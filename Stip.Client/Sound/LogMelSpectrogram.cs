using System.Numerics.Tensors;

namespace Stip.Client.Sound;

/// <summary>The spectrogram that Whisper reads, as transformers' WhisperFeatureExtractor makes it: powers under a Hann
/// window, mel filters, decimal logarithms no more than 8 below the largest, and (x + 4) / 4.</summary>
/// <remarks>Safe for concurrent use.</remarks>
internal sealed class LogMelSpectrogram
{
    private const double Floor = 1e-10;
    private const double Range = 8;
    private const double Shift = 4;

    private readonly int _mels;
    private readonly int _width;
    private readonly int _step;
    private readonly double[][] _cosines; // [bins][width], the window in them
    private readonly double[][] _sines;
    private readonly MelFilters _filters;

    /// <param name="mels">Filters.</param>
    /// <param name="width">Samples of a moment, even.</param>
    /// <param name="step">Samples from one moment to the next.</param>
    /// <param name="sampleRate">Samples a second.</param>
    public LogMelSpectrogram(int mels, int width, int step, int sampleRate)
    {
        (_mels, _width, _step) = (mels, width, step);
        var bins = (width / 2) + 1;
        // Of a length that is no power of two, sums over tables take as long as a transform that is fast.
        _cosines = Tables(bins, Math.Cos);
        _sines = Tables(bins, Math.Sin);
        _filters = new MelFilters(mels, bins, sampleRate);
    }

    /// <summary>Makes the spectrogram.</summary>
    /// <param name="samples">More than half the width of a moment.</param>
    /// <returns><c>[mels, samples / step]</c>.</returns>
    public float[] Apply(ReadOnlySpan<float> samples)
    {
        var moments = samples.Length / _step;
        var padded = Reflected(samples);
        var logarithms = new double[_mels * moments];
        var power = new double[_cosines.Length];
        var energies = new double[_mels];
        for (var moment = 0; moment < moments; moment++)
        {
            var frame = padded.AsSpan(moment * _step, _width);
            power.AsSpan().Clear();
            // Silence is what a window is mostly filled up with.
            for (var bin = 0; bin < power.Length && frame.ContainsAnyExcept(0); bin++)
            {
                var (real, imaginary) = (
                    TensorPrimitives.Dot<double>(frame, _cosines[bin]),
                    TensorPrimitives.Dot<double>(frame, _sines[bin]));
                power[bin] = (real * real) + (imaginary * imaginary);
            }

            _filters.Apply(power, energies);
            for (var mel = 0; mel < _mels; mel++)
            {
                logarithms[(mel * moments) + moment] = Math.Log10(Math.Max(energies[mel], Floor));
            }
        }

        var least = TensorPrimitives.Max<double>(logarithms) - Range;
        return Array.ConvertAll(logarithms, value => (float)((Math.Max(value, least) + Shift) / Shift));
    }

    private double[][] Tables(int bins, Func<double, double> wave) =>
    [
        .. Enumerable.Range(0, bins).Select(bin => Enumerable.Range(0, _width)
            .Select(i => Hann(i) * wave(2 * Math.PI * ((long)bin * i % _width) / _width)).ToArray()),
    ];

    // Periodic: as long as a period, not one sample shorter.
    private double Hann(int i) => 0.5 - (0.5 * Math.Cos(2 * Math.PI * i / _width));

    // Half a moment on either side, mirrored at the outermost samples.
    private double[] Reflected(ReadOnlySpan<float> samples)
    {
        var half = _width / 2;
        var padded = new double[samples.Length + _width];
        for (var i = 0; i < padded.Length; i++)
        {
            var place = Math.Abs(i - half);
            padded[i] = samples[place < samples.Length ? place : (2 * (samples.Length - 1)) - place];
        }

        return padded;
    }
}
