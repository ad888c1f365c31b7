using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Bench.Measuring;
using Stip.Bench.Reports;
using Stip.Bench.Serving;
using Stip.Client.Generation;
using Stip.Client.Generation.Choices;
using Stip.Client.Sampling;

namespace Stip.Bench.Scenarios;

/// <summary>Several answers to one prompt until the last token of the last: the prompt sent once and its cache copied,
/// or sent by each.</summary>
/// <param name="served">Where.</param>
/// <param name="choices">Answers.</param>
/// <param name="promptTokens">Of the prompt.</param>
/// <param name="tokens">Of each answer.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class ChoiceLoad(
    ServedPair served, int choices, int promptTokens, int tokens, CancellationToken cancellationToken)
{
    private readonly StipModel _model = served.Protected;
    private readonly int[] _prompt = SessionLoad.Ids(served.Protected, 0, 0, promptTokens);

    // Each answer is the same, token by token, either way.
    private readonly GenerationOptions[] _options = [.. Enumerable.Range(0, choices).Select(new GenerationOptions
    {
        MaxNewTokens = tokens,
        IgnoreEndOfSequence = true,
        Speculates = false,
        Sampling = new SamplingOptions { Temperature = 1, Seed = 1 },
    }.OfChoice)];

    public async Task<ResultTable> CompareAsync(int pairs)
    {
        var (forked, alone) = await Interleaved.RunAsync(ForkedAsync, AloneAsync, pairs);
        // Rates are tokens of answers a second: as many in both.
        var ratio = Comparison.Of("", forked, alone, rates => rates.Decode).Ratio;
        var table = new ResultTable(
            "", "answers", "seconds to the last token", "prompt tokens that the server ran", "server CPU, ms a token",
            "alone / forked, time", "95 % interval", "pairs")
        {
            Note = FormattableString.Invariant(
                $"{choices} answers of {tokens} tokens each to a prompt of {promptTokens}, drawn at temperature 1; ")
                + "medians of interleaved runs over the WebSocket, sessions opened and released within. The ratio is "
                + "the geometric mean over pairs, its interval Student's t over their logarithms. " + WarmUp.Note,
        };
        table.Add(
            "forks of one session", Seconds(forked), await PromptTokensAsync(ForkedAsync), ServerMs(forked),
            FormattableString.Invariant($"{ratio.Ratio:0.00}"),
            FormattableString.Invariant($"{ratio.Low:0.00}–{ratio.High:0.00}"), pairs);
        table.Add(
            "sessions of their own", Seconds(alone), await PromptTokensAsync(AloneAsync), ServerMs(alone), "", "",
            pairs);
        return table;
    }

    private Task<Rates> ForkedAsync() => MeasureAsync(async () =>
    {
        await foreach (var _ in _model.GenerateChoicesAsync(_prompt, _options, cancellationToken))
        {
        }
    });

    private Task<Rates> AloneAsync() => MeasureAsync(() => Task.WhenAll(_options.Select(options => Task.Run(
        async () =>
        {
            await foreach (var _ in _model.GenerateAsync(_prompt, options, cancellationToken))
            {
            }
        },
        cancellationToken))));

    private async Task<Rates> MeasureAsync(Func<Task> generate)
    {
        var cpu = CpuMeter.Start(served.Server);
        var start = Stopwatch.GetTimestamp();
        await generate();
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var (client, server) = cpu.PerToken(choices * tokens);
        return new Rates(0, choices * tokens / seconds) { ClientMs = client, ServerMs = server };
    }

    private async Task<double> PromptTokensAsync(Func<Task<Rates>> run)
    {
        var before = await ServerGauges.ReadAsync(served.Server, cancellationToken);
        await run();
        return (await ServerGauges.ReadAsync(served.Server, cancellationToken)).PromptTokens - before.PromptTokens;
    }

    private string Seconds(List<Rates> runs) =>
        FormattableString.Invariant($"{runs.Select(run => choices * tokens / run.Decode).Median():0.000}");

    private static string ServerMs(List<Rates> runs) =>
        FormattableString.Invariant($"{runs.Select(run => run.ServerMs).Median():0.0}");
}
