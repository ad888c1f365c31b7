using Stip.Bench.Measuring;
using Stip.Bench.Scenarios;

namespace Stip.Bench.Reports;

/// <summary>Comparisons as rows.</summary>
internal static class ComparisonTable
{
    private const string Text =
        "Medians of interleaved runs: a prompt in one step, then one token a step. The ratio is the geometric mean "
        + "over pairs, its interval Student's t over their logarithms. Client and server share the machine; their "
        + "processor time a decoded token is that of the first of the two. " + WarmUp.Note;

    public static ResultTable Create(string heading = "") => new(
        heading, "comparison", "first, token/s", "second, token/s", "ratio", "95 % interval", "pairs",
        "client CPU, ms", "server CPU, ms")
    {
        Note = Text,
    };

    public static void AddComparison(this ResultTable table, Comparison result) => table.Add(
        result.What,
        FormattableString.Invariant($"{result.FirstMedian:N0}"),
        FormattableString.Invariant($"{result.SecondMedian:N0}"),
        FormattableString.Invariant($"{result.Ratio.Ratio:0.000}"),
        FormattableString.Invariant($"{result.Ratio.Low:0.000}–{result.Ratio.High:0.000}"),
        result.Ratio.Pairs,
        Ms(result.ClientMs),
        Ms(result.ServerMs));

    private static string Ms(double value) => value == 0 ? "–" : FormattableString.Invariant($"{value:0.00}");
}
