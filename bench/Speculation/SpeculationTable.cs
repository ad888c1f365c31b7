using System.Diagnostics;
using System.Globalization;
using Stip.Bench.Measuring;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Client.Speculation;
using Stip.Client.Transport;
using Stip.TestKit;
using Stip.TestKit.Processes;

namespace Stip.Bench.Speculation;

/// <summary>Rounds per 100 tokens with copies and with a draft, near and far, and what guessing costs in time where
/// there is nothing to be won by it.</summary>
internal sealed class SpeculationTable(
    ApiProcess server, Bundle bundle, DraftModel draft, IReadOnlyList<RepeatedText> texts, int pairs, bool isNear)
{
    private const int Tokens = 100;
    private static readonly int[] Latencies = [0, 10, 250];

    /// <param name="texts">The rows of the table.</param>
    /// <param name="pairs">Interleaved pairs of runs with copies and without.</param>
    /// <param name="isNear">Only what guessing costs in time, nothing far.</param>
    public static async Task<string> MakeAsync(IReadOnlyList<RepeatedText> texts, int pairs, bool isNear)
    {
        await using var server = await ApiProcess.StartAsync();
        var package = await ModelPackages.ProtectAsync("stories");
        await server.PushAsync(package);
        using var bundle = Bundle.Open(package);
        using var draft = DraftModel.Open(await ModelPackages.ExportAsync("stories-draft"));
        return await new SpeculationTable(server, bundle, draft, texts, pairs, isNear).WriteAsync();
    }

    private async Task<string> WriteAsync()
    {
        var lines = new List<string>
        {
            $"# Rounds per {Tokens} tokens of `stories`",
            "",
            Machine.Describe(),
            "",
            "| text | copies, 0 / 10 / 250 ms | draft, 0 / 10 / 250 ms "
                + "| speed of copies / none at 0 ms | when nothing is known yet |",
            "|---|---|---|---|---|",
        };
        foreach (var asked in texts)
        {
            var text = asked.IsAskedTwice ? await AnswerAsync(asked) : asked;
            var copies = isNear ? "" : await RoundsAsync(text, null);
            var drafted = isNear ? "" : await RoundsAsync(text, draft);
            var (learned, fresh) = (await RatioAsync(text, isFresh: false), await RatioAsync(text, isFresh: true));
            lines.Add($"| {text.Name} | {copies} | {drafted} | {learned} | {fresh} |");
            Console.Error.WriteLine(lines[^1]);
        }

        return string.Join('\n', lines) + "\n\nWithout guesses it is 100 everywhere; the text is the same each time.\n";
    }

    private async Task<RepeatedText> AnswerAsync(RepeatedText asked)
    {
        using var client = Open(0);
        var greedy = asked with { Temperature = 0 };
        var run = await RunAsync(new StipModel(bundle, client), greedy, speculates: false, mostTokens: null);
        return asked.After(bundle.Tokenizer!.Decode(run.Ids));
    }

    private async Task<string> RoundsAsync(RepeatedText text, DraftModel? guesser)
    {
        var cells = new List<string>();
        foreach (var latency in Latencies)
        {
            using var client = Open(latency);
            var model = new StipModel(bundle, client) { Draft = guesser };
            await RunAsync(model, text, speculates: true); // What is learned of a server outlives an answer.
            var run = await RunAsync(model, text, speculates: true);
            cells.Add(string.Create(CultureInfo.InvariantCulture, $"{100.0 * run.Rounds / run.Ids.Count:0}"));
        }

        return string.Join(" / ", cells);
    }

    /// <summary>Interleaved runs in turns, compared in pairs.</summary>
    private async Task<string> RatioAsync(RepeatedText text, bool isFresh)
    {
        using var client = Open(0);
        var model = new StipModel(bundle, client);
        List<int>? said = null;
        var (with, without) = await Interleaved.RunAsync(() => RateAsync(true), () => RateAsync(false), pairs);
        var ratio = PairedRatio.Of(
            [.. with.Select(rates => rates.Decode)], [.. without.Select(rates => rates.Decode)]);
        return string.Create(
            CultureInfo.InvariantCulture, $"{ratio.Ratio:0.000} [{ratio.Low:0.000}, {ratio.High:0.000}]");

        async Task<Rates> RateAsync(bool speculates)
        {
            var asked = isFresh ? new StipModel(bundle, client) : model;
            await asked.CheckAsync();
            var run = await RunAsync(asked, text, speculates);
            said ??= run.Ids;
            if (!run.Ids.SequenceEqual(said))
            {
                throw new InvalidOperationException($"{text.Name}: guesses changed the text");
            }

            return new Rates(0, run.Ids.Count / run.Time);
        }
    }

    private StipHttpClient Open(int latencyMilliseconds)
    {
        var http = new HttpClient(new LongWay(TimeSpan.FromMilliseconds(latencyMilliseconds)))
        {
            BaseAddress = server.Endpoint,
        };
        http.DefaultRequestHeaders.Authorization = new("Bearer", server.ApiKey);
        return new StipHttpClient(http);
    }

    private static async Task<(List<int> Ids, int Rounds, double Time)> RunAsync(
        StipModel model, RepeatedText text, bool speculates, int? mostTokens = Tokens)
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = mostTokens,
            IgnoreEndOfSequence = mostTokens is not null,
            Sampling = new SamplingOptions { Temperature = text.Temperature, Seed = 7 },
            Speculates = speculates,
        };
        var ids = new List<int>();
        var rounds = 0;
        var started = Stopwatch.GetTimestamp();
        await foreach (var token in model.GenerateAsync(text.Ids(model.Bundle.Tokenizer!), options))
        {
            ids.Add(token.Id);
            rounds = token.Usage?.Rounds ?? 0;
        }

        return (ids, rounds, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }
}
