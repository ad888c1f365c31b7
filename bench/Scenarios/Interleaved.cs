namespace Stip.Bench.Scenarios;

/// <summary>Runs two workloads in turns, so that the machine's mood meets both.</summary>
internal static class Interleaved
{
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
                a.Add(await first());
                b.Add(await second());
            }
            else
            {
                b.Add(await second());
                a.Add(await first());
            }
        }

        return (a, b);
    }
}
