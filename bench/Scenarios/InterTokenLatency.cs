using System.Collections.Concurrent;
using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Bench.Reports;
using Stip.Client.Generation;

namespace Stip.Bench.Scenarios;

/// <summary>Time between tokens of sessions that decode, without and with long prompts of others.</summary>
internal static class InterTokenLatency
{
    private const int Sessions = 8;
    private const int LongPrompt = 4000;
    private const double P99 = 0.99;

    public static ResultTable CreateTable() => new(
        $"Inter-token latency of {Sessions} decoding sessions",
        "round", "without: p50, ms", "p99, ms", "while prompts arrive: p50, ms", "p99, ms", "p99 ratio", "prompts",
        "prompt token/s")
    {
        Note = $"Prompts of {LongPrompt:N0} tokens, one after another without a pause, from another client; sessions "
            + "and prompts over WebSockets.",
    };

    /// <summary>One round of both.</summary>
    /// <returns>The ratio of the 99th percentiles.</returns>
    public static async Task<double> AddRoundAsync(
        ResultTable table, StipModel model, StipModel prompter, int tokens, CancellationToken cancellationToken)
    {
        var calm = await DecodeAsync(model, tokens, cancellationToken);
        using var enough = new CancellationTokenSource();
        var prompting = PromptAsync(prompter, enough.Token, cancellationToken);
        var busy = await DecodeAsync(model, tokens, cancellationToken);
        await enough.CancelAsync();
        var (prompts, rate) = await prompting;
        var ratio = busy.Quantile(P99) / calm.Quantile(P99);
        table.Add(
            table.Rows.Count + 1, Ms(calm.Median()), Ms(calm.Quantile(P99)), Ms(busy.Median()), Ms(busy.Quantile(P99)),
            FormattableString.Invariant($"{ratio:0.00}"), prompts, FormattableString.Invariant($"{rate:N0}"));
        return ratio;
    }

    private static string Ms(double value) => FormattableString.Invariant($"{value:0.0}");

    private static async Task<double[]> DecodeAsync(StipModel model, int tokens, CancellationToken cancellationToken)
    {
        var times = new ConcurrentBag<double>();
        await using var open = await SessionLoad.OpenAsync(
            model, Sessions, SessionLoad.PromptTokens + SessionLoad.WarmUpTokens + tokens, SessionLoad.PromptTokens,
            cancellationToken);
        await SessionLoad.AppendAsync(
            open.Sessions, SessionLoad.PromptTokens, SessionLoad.WarmUpTokens, cancellationToken);
        await Task.WhenAll(open.Sessions.Select((session, i) => Task.Run(
            async () =>
            {
                foreach (var id in SessionLoad.Ids(model, i, session.Position, tokens))
                {
                    var start = Stopwatch.GetTimestamp();
                    await session.AppendAsync(new[] { id }, topK: 1, cancellationToken: cancellationToken);
                    times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                }
            },
            cancellationToken)));
        return [.. times];
    }

    /// <summary>Sends prompts until it is enough; the one under way is broken off and not counted.</summary>
    private static async Task<(int Prompts, double TokensPerSecond)> PromptAsync(
        StipModel model, CancellationToken enough, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(enough, cancellationToken);
        var (prompts, start) = (0, Stopwatch.GetTimestamp());
        var spent = TimeSpan.Zero;
        try
        {
            while (true)
            {
                await using var session = model.OpenSession(LongPrompt + 1);
                var ids = SessionLoad.Ids(model, prompts, 0, LongPrompt);
                await session.AppendAsync(ids, topK: 1, cancellationToken: either.Token);
                prompts++;
                spent = Stopwatch.GetElapsedTime(start);
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            return (prompts, prompts == 0 ? 0 : prompts * LongPrompt / spent.TotalSeconds);
        }
    }
}
