using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Client.Generation;

namespace Stip.Bench.Paper;

/// <summary>Figures 7a and 7b: tokens a second of one pass over a batch, by model size.</summary>
internal static class Throughput
{
    private const int TokensOfSample = 100;
    private const int Runs = 21;

    public static async Task AddAsync(
        PaperRun run, IReadOnlyList<string> models, int batch, CancellationToken cancellationToken)
    {
        var table = run.Page.Add(new ResultTable(
            "Figure 7a: throughput by model size",
            "model", "parameters", "protected, token/s", "plain, token/s", "ratio")
        {
            Note = $"One pass over {batch} samples of {TokensOfSample} tokens (the paper: 100 samples on four A100), "
                + $"medians of {Runs} runs in turns. {WarmUp.Note} Random weights; "
                + "the paper's larger models do not fit two cores.",
        });
        var (sizes, hidden, plain) = (new List<double>(), new List<double>(), new List<double>());
        foreach (var name in models)
        {
            var served = await run.HostAsync(name);
            var (a, b) = (new List<double>(), new List<double>());
            await WarmUp.RunAsync(
                async () => new Rates(await PassAsync(served.Protected, batch, cancellationToken), 0),
                async () => new Rates(await PassAsync(served.Plain, batch, cancellationToken), 0));
            for (var i = 0; i < Runs; i++)
            {
                // Each is the first of its turn every other time: whatever a turn's first pass pays, both pay.
                foreach (var ofProtected in i % 2 == 0 ? [true, false] : new[] { false, true })
                {
                    var rate = await PassAsync(
                        ofProtected ? served.Protected : served.Plain, batch, cancellationToken);
                    (ofProtected ? a : b).Add(rate);
                }
            }

            sizes.Add(RandomModels.Find(name)!.Parameters);
            hidden.Add(a.Median());
            plain.Add(b.Median());
            table.Add(
                name, FormattableString.Invariant($"{sizes[^1] / 1e6:0.0}M"), N(hidden[^1]), N(plain[^1]),
                FormattableString.Invariant($"{hidden[^1] / plain[^1]:0.000}"));
            run.Save();
        }

        table.Add("GPT2-124m, paper's STIP (quoted)", "124M", N(Quoted.PaperStipRate), "close", "");
        table.Add("GPT2-124m, CipherGPT (quoted)", "124M",
            FormattableString.Invariant($"{Quoted.CipherGptRate}"), "", "");
        Draw(run, sizes, hidden, plain);
        AddScale(run, models, sizes, hidden);
    }

    private static void Draw(PaperRun run, List<double> sizes, List<double> hidden, List<double> plain)
    {
        using var chart = new Chart(
            "Throughput by model size", "parameters", "tokens a second", logX: true, logY: true);
        chart.AddLine("protected", sizes, hidden);
        chart.AddLine("plain", sizes, plain);
        chart.AddPoints("paper's STIP, four A100 (quoted)", [Quoted.Gpt2Parameters], [Quoted.PaperStipRate]);
        chart.AddPoints("CipherGPT (quoted)", [Quoted.Gpt2Parameters], [Quoted.CipherGptRate]);
        chart.Save(run.Picture("Figure 7a", "7a"));
    }

    private static void AddScale(PaperRun run, IReadOnlyList<string> models, List<double> sizes, List<double> hidden)
    {
        var table = run.Page.Add(new ResultTable(
            "Figure 7b: scale and speed-up", "what", "largest model", "speed-up over CipherGPT, GPT2-124m")
        {
            Note = "Quoted figures stand in the paper's text and were taken on its hardware; the paper gives no rate "
                + "of Iron and THE-X in its text. The speed-up compares this machine with theirs.",
        });
        foreach (var (name, parameters) in Quoted.Scales)
        {
            table.Add(
                name, FormattableString.Invariant($"{parameters / 1e6:N0}M"),
                name.StartsWith("paper", StringComparison.Ordinal)
                    ? N(Quoted.PaperStipRate / Quoted.CipherGptRate)
                    : "");
        }

        var gpt2 = models.ToList().IndexOf("random-gpt2-124m");
        var speedUp = gpt2 < 0 ? "not run" : N(hidden[gpt2] / Quoted.CipherGptRate);
        table.Add("this machine", FormattableString.Invariant($"{sizes.Max() / 1e6:N0}M (run here)"), speedUp);
        using var chart = new Chart("Largest model", "", "parameters", logY: true);
        chart.AddBars(
            [.. Quoted.Scales.Select(scale => scale.Name), "run here"],
            [.. Quoted.Scales.Select(scale => scale.Parameters), sizes.Max()]);
        chart.Save(run.Picture("Figure 7b", "7b"));
    }

    private static async Task<double> PassAsync(StipModel model, int batch, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await using var open = await SessionLoad.OpenAsync(
            model, batch, TokensOfSample, TokensOfSample, cancellationToken);
        return batch * TokensOfSample / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static string N(double value) => FormattableString.Invariant($"{value:N0}");
}
