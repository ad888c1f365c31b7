using System.Globalization;
using Spectre.Console;
using Stip.Bench.Measuring;
using Stip.Bench.Scenarios;

namespace Stip.Bench.Reports;

/// <summary>Results as a table on the terminal and as Markdown.</summary>
internal sealed class BenchReport(BenchPlan plan, string machine)
{
    private static readonly string[] Columns =
        ["comparison", "first, token/s", "second, token/s", "ratio", "95 % interval", "pairs"];

    private readonly List<Comparison> _results = [];

    public void Add(Comparison result) => _results.Add(result);

    public void Print()
    {
        AnsiConsole.WriteLine(machine);
        var table = new Table().AddColumns(Columns);
        foreach (var result in _results)
        {
            table.AddRow(Cells(result));
        }

        AnsiConsole.Write(table);
    }

    public void Save(string? file)
    {
        if (file is null)
        {
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        File.WriteAllLines(file,
        [
            $"# {plan.Model}",
            "",
            $"Machine: {machine}.",
            "",
            "`dotnet run -c Release --project bench -- " +
                $"--model {plan.Model} --pairs {plan.Pairs} --tokens {plan.Tokens}"
                + (plan.Sessions.Count == 0 ? "`" : $" --sessions {string.Join(' ', plan.Sessions)}`"),
            "",
            "Medians of interleaved runs: a prompt in one step, then one token a step. The ratio is",
            "the geometric mean over pairs, its interval Student's t over their logarithms. Client and server share",
            "the machine.",
            "",
            Row(Columns),
            Row(Columns.Select(_ => "---")),
            .. _results.Select(result => Row(Cells(result))),
        ]);
    }

    private static string Row(IEnumerable<string> cells) => $"| {string.Join(" | ", cells)} |";

    private static string[] Cells(Comparison result) =>
    [
        result.What,
        result.FirstMedian.ToString("N0", CultureInfo.InvariantCulture),
        result.SecondMedian.ToString("N0", CultureInfo.InvariantCulture),
        result.Ratio.Ratio.ToString("0.000", CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"{result.Ratio.Low:0.000}–{result.Ratio.High:0.000}"),
        result.Ratio.Pairs.ToString(CultureInfo.InvariantCulture),
    ];
}
