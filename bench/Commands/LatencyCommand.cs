using System.CommandLine;
using MathNet.Numerics.Statistics;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;

namespace Stip.Bench.Commands;

/// <summary><c>latency</c>: the time between tokens while others send long prompts.</summary>
internal static class LatencyCommand
{
    public static Command Create()
    {
        var model = BenchOptions.Model(RandomModels.Llama25M);
        var rounds = BenchOptions.Number("--rounds", 5, "Rounds without and with prompts.");
        var tokens = BenchOptions.Number("--tokens", 200, "Tokens of each session in each half of a round.");
        var chunk = BenchOptions.Number("--prefill-chunk", 0, "Setting of the engine; 0 leaves its default.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command("latency", "Inter-token latency while prompts of 4,000 tokens arrive.")
        {
            model, rounds, tokens, chunk, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var models = new ModelFolder(parsed.GetValue(work));
            var made = await models.MakeAsync(parsed.GetValue(model)!);
            await using var server = await BenchServer.StartAsync(
                parsed.GetValue(chunk) is > 0 and var rows ? [("PrefillChunk", rows)] : []);
            var served = await server.HostAsync(made);
            var prompter = server.Connect(made.Protected);
            var page = new ResultPage($"Inter-token latency, {made.Name}");
            var table = page.Add(InterTokenLatency.CreateTable());
            var ratios = new List<double>();
            for (var i = 0; i < parsed.GetValue(rounds); i++)
            {
                ratios.Add(await InterTokenLatency.AddRoundAsync(
                    table, served.Protected, prompter, parsed.GetValue(tokens), cancellationToken));
                page.Save(parsed.GetValue(output));
            }

            table.Add("median", "", "", "", "", FormattableString.Invariant($"{ratios.Median():0.00}"), "", "");
            page.Save(parsed.GetValue(output));
            page.Print();
        });
        return command;
    }
}
