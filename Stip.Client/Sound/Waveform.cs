namespace Stip.Client.Sound;

/// <summary>A sound of one channel.</summary>
/// <param name="SampleRate">Samples a second, 1,000 to 192,000.</param>
/// <param name="Samples">Loudness of -1..1 by time.</param>
public sealed record Waveform(int SampleRate, ReadOnlyMemory<float> Samples)
{
    /// <summary>Fewest samples a second.</summary>
    public const int LeastSampleRate = 1000;

    /// <summary>Most samples a second.</summary>
    public const int MostSampleRate = 192_000;

    /// <summary>How long it is.</summary>
    public TimeSpan Duration => TimeSpan.FromSeconds((double)Samples.Length / SampleRate);

    /// <summary>The same sound at another rate; what the lower of the two rates cannot carry is left out.</summary>
    /// <param name="sampleRate">Samples a second.</param>
    /// <exception cref="ArgumentOutOfRangeException">One of the rates is out of range.</exception>
    public Waveform At(int sampleRate)
    {
        CheckRate(sampleRate);
        CheckRate(SampleRate);
        return sampleRate == SampleRate
            ? this
            : new Waveform(sampleRate, Resampler.Convert(Samples.Span, SampleRate, sampleRate));
    }

    private static void CheckRate(int rate)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rate, LeastSampleRate);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rate, MostSampleRate);
    }
}
