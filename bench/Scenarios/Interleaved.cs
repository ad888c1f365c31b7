namespace Stip.Bench.Scenarios;

/// <summary>Runs two workloads in turns, so that the machine's mood meets both.</summary>
internal static class Interleaved
{
    // Operator threads of a bare loop go on spinning after their last run, on a core that the other workload needs:
    // without a rest a token of the served one was charged 0.1 ms of them.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(60);

    /// <summary>Pairs after a warm-up, the order turned round in every other one.</summary>
    public static async Task<(List<Rates> First, List<Rates> Second)> RunAsync(
        Func<Task<Rates>> first, Func<Task<Rates>> second, int pairs)
    {
        await WarmUp.RunAsync(first, second);
        var (a, b) = (new List<Rates>(), new List<Rates>());
        for (var i = 0; i < pairs; i++)
        {
            if (i % 2 == 0)
            {
                a.Add(await RestedAsync(first));
                b.Add(await RestedAsync(second));
            }
            else
            {
                b.Add(await RestedAsync(second));
                a.Add(await RestedAsync(first));
            }
        }

        return (a, b);
    }

    private static async Task<Rates> RestedAsync(Func<Task<Rates>> workload)
    {
        await Task.Delay(Rest);
        return await workload();
    }
}
