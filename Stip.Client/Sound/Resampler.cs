using System.Numerics;
using System.Numerics.Tensors;

namespace Stip.Client.Sound;

/// <summary>Other sample rates by band-limited interpolation: a sinc that ends below half of the lower rate, in a
/// Kaiser window, one row of taps for each place between samples that occurs.</summary>
internal static class Resampler
{
    private const int ZeroCrossings = 32; // on either side
    private const double Rolloff = 0.95; // of half the lower rate
    private const double Beta = 9; // of the window: what lies beyond is 90 dB down
    private const double LeastTerm = 1e-12;

    public static float[] Convert(ReadOnlySpan<float> samples, int from, int to)
    {
        var common = (int)BigInteger.GreatestCommonDivisor(from, to);
        var (up, down) = (to / common, from / common);
        var cutoff = Rolloff * Math.Min(1, (double)up / down); // of half the source's rate
        var reach = (int)Math.Ceiling(ZeroCrossings / cutoff);
        var rows = new float[up][];
        var result = new float[checked((int)(((long)samples.Length * up + down - 1) / down))];
        for (var i = 0; i < result.Length; i++)
        {
            var place = (long)i * down;
            var phase = (int)(place % up);
            var taps = rows[phase] ??= Taps((double)phase / up, cutoff, reach);
            var first = (int)(place / up) - reach + 1;
            var skipped = Math.Max(0, -first);
            var count = Math.Min(taps.Length, samples.Length - first) - skipped;
            result[i] = count <= 0
                ? 0
                : TensorPrimitives.Dot(samples.Slice(first + skipped, count), taps.AsSpan(skipped, count));
        }

        return result;
    }

    // Weights of the samples around a place, which sum to 1: a constant stays one.
    private static float[] Taps(double fraction, double cutoff, int reach)
    {
        var taps = new double[2 * reach];
        for (var tap = 0; tap < taps.Length; tap++)
        {
            var distance = tap - reach + 1 - fraction;
            taps[tap] = Sinc(cutoff * distance) * Kaiser(distance / reach);
        }

        var sum = taps.Sum();
        return [.. taps.Select(tap => (float)(tap / sum))];
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);

    private static double Kaiser(double x) => Math.Abs(x) >= 1 ? 0 : Bessel(Beta * Math.Sqrt(1 - (x * x)));

    // The modified Bessel function of order 0, by its series.
    private static double Bessel(double x)
    {
        var (sum, term) = (1.0, 1.0);
        for (var k = 1; term > LeastTerm * sum; k++)
        {
            term *= x / (2 * k) * (x / (2 * k));
            sum += term;
        }

        return sum;
    }
}
