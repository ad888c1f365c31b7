using System.CommandLine;
using Stip.Bench.Models;
using Stip.Bench.Paper;
using Stip.Bench.Reports;
using Stip.Bench.Serving;

namespace Stip.Bench.Commands;

/// <summary><c>paper</c>: the figures of the paper with its axes, as tables and pictures.</summary>
internal static class PaperCommand
{
    private static readonly string[] Parts = ["7a", "7c", "7d", "traffic", "8", "9", "table5"];
    private static readonly string[] Sizes = ["random-4m", RandomModels.Llama25M, "random-gpt2-124m"];

    public static Command Create()
    {
        var parts = new Option<string[]>("--parts")
        {
            Description = $"Which: {string.Join(", ", Parts)} (7a brings 7b).",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => Parts,
        };
        parts.AcceptOnlyFromAmong(Parts);
        var sizes = new Option<string[]>("--sizes")
        {
            Description = "Random models of figure 7a.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => Sizes,
        };
        var batch = BenchOptions.Number("--batch", 4, "Samples of figure 7a; the paper's is 100.");
        var tokens = BenchOptions.Number("--tokens", 64, "Longest generation of figure 7c.");
        var model = BenchOptions.Model(RandomModels.Llama25M);
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command(
            "paper", "The paper's figures: throughput, latency, breakdown, traffic, memory, model split, exactness.")
        {
            parts, sizes, batch, tokens, model, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var models = new ModelFolder(parsed.GetValue(work));
            await using var server = await BenchServer.StartAsync();
            var page = new ResultPage("The paper's figures");
            var run = new PaperRun(server, models, page, parsed.GetValue(output));
            var name = parsed.GetValue(model)!;
            var size = parsed.GetValue(sizes)!;
            foreach (var part in Parts.Where(parsed.GetValue(parts)!.Contains))
            {
                await (part switch
                {
                    "7a" => Throughput.AddAsync(run, size, parsed.GetValue(batch), cancellationToken),
                    "7c" => GenerationLatency.AddAsync(run, name, parsed.GetValue(tokens), cancellationToken),
                    "7d" => Breakdown.AddAsync(run, name, cancellationToken),
                    "traffic" => Traffic.AddAsync(run, [name, "random-gpt2-124m"], cancellationToken),
                    "8" => ClientMemory.AddAsync(run, ["stories", name, "random-gpt2-124m"]),
                    "9" => ModelSplit.AddAsync(run, name, cancellationToken),
                    _ => Exactness.AddAsync(run, cancellationToken),
                });
            }

            run.Save();
            page.Print();
        });
        return command;
    }
}
