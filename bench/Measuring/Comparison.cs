using MathNet.Numerics.Statistics;
using Stip.Bench.Scenarios;

namespace Stip.Bench.Measuring;

/// <summary>Two rates that were measured in pairs.</summary>
/// <param name="What">What was compared.</param>
/// <param name="FirstMedian">Median of the first, in tokens a second.</param>
/// <param name="SecondMedian">Median of the second, in tokens a second.</param>
/// <param name="Ratio">First / second.</param>
internal sealed record Comparison(string What, double FirstMedian, double SecondMedian, PairedRatio Ratio)
{
    /// <summary>Processor time of the client in the first, in milliseconds a token; 0 where there is none.</summary>
    public double ClientMs { get; init; }

    /// <summary>Processor time of the server in the first, in milliseconds a token; 0 where there is none.</summary>
    public double ServerMs { get; init; }

    public static Comparison Of(
        string what, IReadOnlyList<Rates> first, IReadOnlyList<Rates> second, Func<Rates, double> rate)
    {
        var (a, b) = (first.Select(rate).ToArray(), second.Select(rate).ToArray());
        return new Comparison(what, a.Median(), b.Median(), PairedRatio.Of(a, b))
        {
            ClientMs = first.Select(rates => rates.ClientMs).Median(),
            ServerMs = first.Select(rates => rates.ServerMs).Median(),
        };
    }
}
