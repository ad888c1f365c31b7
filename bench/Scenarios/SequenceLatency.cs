using System.Collections.Concurrent;
using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Bench.Reports;
using Stip.Client.Generation;

namespace Stip.Bench.Scenarios;

/// <summary>Time between tokens of sessions beside an encoder, without and with long sources of others.</summary>
internal static class SequenceLatency
{
    private const int Sessions = 4;
    private const int LongSource = 512;
    private const double P99 = 0.99;

    public static ResultTable CreateTable() => new(
        $"Inter-token latency of {Sessions} decoding sessions while sources arrive",
        "round", "without: p50, ms", "p99, ms", "with sources: p50, ms", "p99, ms", "sources",
        "a source's first step, ms")
    {
        Note = $"Sources of {LongSource} tokens, one after another without a pause, from another client.",
    };

    /// <summary>One round of both.</summary>
    public static async Task AddRoundAsync(
        ResultTable table, SequenceLoad load, StipModel reader, int tokens, CancellationToken cancellationToken)
    {
        var calm = await DecodeAsync(load, tokens, cancellationToken);
        using var enough = new CancellationTokenSource();
        var reading = ReadAsync(load, reader, enough.Token);
        var busy = await DecodeAsync(load, tokens, cancellationToken);
        await enough.CancelAsync();
        var steps = await reading;
        table.Add(
            table.Rows.Count + 1, Ms(calm.Median()), Ms(calm.Quantile(P99)), Ms(busy.Median()), Ms(busy.Quantile(P99)),
            steps.Count, Ms(steps.Median()));
    }

    private static string Ms(double value) => FormattableString.Invariant($"{value:0.0}");

    private static async Task<double[]> DecodeAsync(SequenceLoad load, int tokens, CancellationToken cancellationToken)
    {
        var times = new ConcurrentBag<double>();
        await using var open = await load.OpenAsync(load.Model, Sessions, load.SourceTokens);
        await Task.WhenAll(open.Sessions.Select((session, i) => Task.Run(
            async () =>
            {
                foreach (var id in SessionLoad.Ids(load.Model, i, session.Position, tokens))
                {
                    var start = Stopwatch.GetTimestamp();
                    await session.AppendAsync(new[] { id }, topK: 1, cancellationToken: cancellationToken);
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            },
            cancellationToken)));
        return [.. times];
    }

    // Until it is enough; the one under way is finished and counted.
    private static async Task<List<double>> ReadAsync(SequenceLoad load, StipModel reader, CancellationToken enough)
    {
        var times = new List<double>();
        while (!enough.IsCancellationRequested)
        {
            var start = Stopwatch.GetTimestamp();
            await using var open = await load.OpenAsync(reader, 1, LongSource);
            times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }

        return times;
    }
}
