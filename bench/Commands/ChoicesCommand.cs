using System.CommandLine;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;

namespace Stip.Bench.Commands;

/// <summary><c>choices</c>: several answers to one long prompt, from forks of one session and from sessions of their
/// own.</summary>
internal static class ChoicesCommand
{
    public static Command Create()
    {
        var model = BenchOptions.Model(RandomModels.Llama25M);
        var pairs = BenchOptions.Number("--pairs", 5, "Interleaved pairs.");
        var choices = BenchOptions.Number("--choices", 4, "Answers to the prompt.");
        var prompt = BenchOptions.Number("--prompt", 1024, "Tokens of the prompt.");
        var tokens = BenchOptions.Number("--tokens", 32, "Tokens of each answer.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command("choices", "Several answers to one long prompt: what forks of its session win.")
        {
            model, pairs, choices, prompt, tokens, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var models = new ModelFolder(parsed.GetValue(work));
            var made = await models.MakeAsync(parsed.GetValue(model)!);
            await using var server = await BenchServer.StartAsync();
            var load = new ChoiceLoad(
                await server.HostAsync(made), parsed.GetValue(choices), parsed.GetValue(prompt),
                parsed.GetValue(tokens), cancellationToken);
            var page = new ResultPage($"Several answers to one prompt, {made.Name}");
            page.Add(await load.CompareAsync(parsed.GetValue(pairs)));
            page.Save(parsed.GetValue(output));
            page.Print();
        });
        return command;
    }
}
