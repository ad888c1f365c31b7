using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Stip.Bench.Measuring;

/// <summary>A ratio of two rates that were measured in interleaved pairs, with its 95 % confidence interval.</summary>
/// <param name="Pairs">Number of pairs.</param>
/// <param name="Ratio">Geometric mean of first / second.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
internal sealed record PairedRatio(int Pairs, double Ratio, double Low, double High)
{
    private const double UpperTail = 0.975;

    /// <summary>Student's t over the logarithms of the ratios: pairs share the machine's mood, so it cancels.</summary>
    public static PairedRatio Of(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        var logs = first.Zip(second, (a, b) => Math.Log(a / b)).ToArray();
        var mean = logs.Mean();
        var quantile = StudentT.InvCDF(location: 0, scale: 1, freedom: logs.Length - 1, UpperTail);
        var half = quantile * logs.StandardDeviation() / Math.Sqrt(logs.Length);
        return new PairedRatio(logs.Length, Math.Exp(mean), Math.Exp(mean - half), Math.Exp(mean + half));
    }
}
