using System.CommandLine;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Speculation;

var model = new Option<string>("--model")
{
    Description = "Checkpoint: " + string.Join(", ", [.. Stip.TestKit.KnownCheckpoints.Names, RandomModel.Name]),
    DefaultValueFactory = _ => "stories",
};
var pairs = new Option<int>("--pairs") { Description = "Interleaved pairs.", DefaultValueFactory = _ => 21 };
var tokens = new Option<int>("--tokens") { Description = "Tokens of a run.", DefaultValueFactory = _ => 128 };
var output = new Option<string?>("--output") { Description = "Markdown file to write the results to." };

var sessions = new Option<int[]>("--sessions")
{
    Description = "Also measures so many sessions at once, e.g. --sessions 1 4 16, and what batching wins.",
    AllowMultipleArgumentsPerToken = true,
    DefaultValueFactory = _ => [],
};

var root = new RootCommand("Speed of Stip, as ratios of interleaved runs on this machine.")
{
    model, pairs, tokens, output, sessions,
};
root.SetAction(async (arguments, cancellationToken) =>
{
    var plan = new BenchPlan(
        arguments.GetValue(model)!, arguments.GetValue(pairs), arguments.GetValue(tokens),
        arguments.GetValue(sessions)!);
    await using var bench = await ServedPair.StartAsync(plan.Model);
    var report = new BenchReport(plan, Machine.Describe());
    var results = plan.Sessions.Count == 0
        ? Comparisons.RunAsync(bench, plan, cancellationToken)
        : LoadComparisons.RunAsync(bench, plan, cancellationToken);
    await foreach (var result in results)
    {
        // Written as it grows: a run that is cut short keeps what it has measured.
        report.Add(result);
        report.Save(arguments.GetValue(output));
    }

    report.Print();
});

var repeats = new Option<int>("--repeats") { Description = "Interleaved pairs.", DefaultValueFactory = _ => 9 };
var speculation = new Command("speculation", "Rounds per 100 tokens with guesses, at three latencies.")
{
    repeats, output,
};
speculation.SetAction(async arguments =>
{
    var table = await SpeculationTable.MakeAsync(arguments.GetValue(repeats));
    Console.WriteLine(table);
    if (arguments.GetValue(output) is { } file)
    {
        await File.WriteAllTextAsync(file, table);
    }
});
root.Subcommands.Add(speculation);
return await root.Parse(args).InvokeAsync();
