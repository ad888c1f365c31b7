using System.CommandLine;
using Stip.Bench.Measuring;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;

namespace Stip.Bench.Commands;

/// <summary><c>sequence</c>: sessions of an encoder and a decoder, one and several, and the time between tokens while
/// sources of others arrive.</summary>
internal static class SequenceCommand
{
    private static readonly int[] Several = [4, 8];

    public static Command Create()
    {
        var model = BenchOptions.Model(RandomModels.T5Small);
        var pairs = BenchOptions.Number("--pairs", 7, "Interleaved pairs.");
        var tokens = BenchOptions.Number("--tokens", 32, "Tokens of a run.");
        var source = BenchOptions.Number("--source", 64, "Tokens of each source.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command("sequence", "Sessions of an encoder and a decoder: what batching wins.")
        {
            model, pairs, tokens, source, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var models = new ModelFolder(parsed.GetValue(work));
            var made = await models.MakeAsync(parsed.GetValue(model)!);
            await using var server = await BenchServer.StartAsync();
            var served = await server.HostAsync(made);
            var page = new ResultPage($"Encoder and decoder, {made.Name}");
            var load = new SequenceLoad(
                served, parsed.GetValue(source), parsed.GetValue(tokens), cancellationToken);
            await CompareAsync(page, load, parsed.GetValue(pairs), parsed.GetValue(output));
            var table = page.Add(SequenceLatency.CreateTable());
            for (var i = 0; i < parsed.GetValue(pairs); i++)
            {
                await SequenceLatency.AddRoundAsync(
                    table, load, server.Connect(made.Protected), parsed.GetValue(tokens), cancellationToken);
                page.Save(parsed.GetValue(output));
            }

            page.Print();
        });
        return command;
    }

    private static async Task CompareAsync(ResultPage page, SequenceLoad load, int pairs, string? output)
    {
        var table = page.Add(ComparisonTable.Create());
        foreach (var sessions in Several)
        {
            var (many, one) = await Interleaved.RunAsync(
                () => load.RunAsync(sessions), () => load.RunAsync(1), pairs);
            table.AddComparison(Comparison.Of($"{sessions} sessions / 1, decoding", many, one, r => r.Decode));
            table.AddComparison(Comparison.Of(
                $"{sessions} sessions / 1, first steps (tokens of sources)",
                [.. many.Select(WithoutProcessorTime)], [.. one.Select(WithoutProcessorTime)], r => r.Prefill));
            page.Save(output);
        }
    }

    // It is of decoded tokens.
    private static Rates WithoutProcessorTime(Rates rates) => new(rates.Prefill, rates.Decode);
}
