using System.Diagnostics;

namespace Stip.Bench.Scenarios;

/// <summary>Runs two workloads in turns until neither gets faster: for its first seconds a process is slow, while
/// another thread compiles again what is called often.</summary>
internal static class WarmUp
{
    /// <summary>What it does, for the pages.</summary>
    public const string Note =
        "Before each comparison both run in turns until the last three runs of neither are 3 % faster than all before "
        + "them, for 5 to 45 seconds.";

    private const int LastRuns = 3;
    private const double Faster = 1.03;
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(45);

    public static async Task RunAsync(Func<Task<Rates>> first, Func<Task<Rates>> second)
    {
        var start = Stopwatch.GetTimestamp();
        var (a, b) = (new List<double>(), new List<double>());
        do
        {
            a.Add(Rate(await first()));
            b.Add(Rate(await second()));
        }
        while (Stopwatch.GetElapsedTime(start) is var elapsed
            && elapsed < Most && (elapsed < Least || !IsFlat(a) || !IsFlat(b)));
    }

    private static double Rate(Rates rates) => rates.Decode > 0 ? rates.Decode : rates.Prefill;

    private static bool IsFlat(List<double> rates) =>
        rates.Count > LastRuns && rates.TakeLast(LastRuns).Max() < Faster * rates.SkipLast(LastRuns).Max();
}
