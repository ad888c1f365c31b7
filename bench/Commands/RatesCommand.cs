using System.CommandLine;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;

namespace Stip.Bench.Commands;

/// <summary>The command without a name: rates as ratios.</summary>
internal static class RatesCommand
{
    private const int Slots = 1100;

    public static RootCommand Create()
    {
        var model = BenchOptions.Model("stories");
        var pairs = BenchOptions.Number("--pairs", 21, "Interleaved pairs.");
        var tokens = BenchOptions.Number("--tokens", 128, "Tokens of a run.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var sessions = new Option<int[]>("--sessions")
        {
            Description = "Measures so many sessions at once instead of one, e.g. --sessions 1 4 16.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [],
        };
        var batching = new Option<bool>("--batching")
        {
            Description = "Measures what batching wins: 16 sessions / 1, and 16 active among 256 held.",
        };
        var figures = new Option<bool>("--figures")
        {
            Description = "Measures what the server allocates a step, and 1,000 sessions at once.",
        };
        var root = new RootCommand("Speed of Stip, as ratios of interleaved runs on this machine.")
        {
            model, pairs, tokens, work, output, sessions, batching, figures,
        };
        root.SetAction((parsed, cancellationToken) => RunAsync(
            new BenchPlan(
                parsed.GetValue(model)!, parsed.GetValue(pairs), parsed.GetValue(tokens), parsed.GetValue(sessions)!,
                parsed.GetValue(batching), parsed.GetValue(figures)),
            parsed.GetValue(work),
            parsed.GetValue(output),
            cancellationToken));
        return root;
    }

    private static async Task RunAsync(
        BenchPlan plan, string? work, string? output, CancellationToken cancellationToken)
    {
        using var models = new ModelFolder(work);
        var made = await models.MakeAsync(plan.Model);
        await using var server = await BenchServer.StartAsync(("Slots", Slots));
        var served = await server.HostAsync(made);
        var page = new ResultPage(plan.Model);
        if (plan.HasComparisons)
        {
            var table = page.Add(ComparisonTable.Create());
            await foreach (var result in plan.RunAsync(served, cancellationToken))
            {
                // Written as it grows: a run that is cut short keeps what it has measured.
                table.AddComparison(result);
                page.Save(output);
            }
        }

        if (plan.Figures)
        {
            await ServerFigures.AddAsync(
                page.Add(new ResultTable("Figures of the server", "what", "figure")), served, cancellationToken);
        }

        page.Save(output);
        page.Print();
    }
}
