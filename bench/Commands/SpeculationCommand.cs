using System.CommandLine;
using Stip.Bench.Speculation;

namespace Stip.Bench.Commands;

/// <summary><c>speculation</c>: rounds that guesses save.</summary>
internal static class SpeculationCommand
{
    public static Command Create()
    {
        var pairs = BenchOptions.Number("--pairs", 21, "Interleaved pairs.");
        var near = new Option<bool>("--near") { Description = "Only what guessing costs at no latency." };
        var output = BenchOptions.Output();
        var command = new Command("speculation", "Rounds per 100 tokens with guesses, at three latencies.")
        {
            pairs, near, output,
        };
        command.SetAction(async parsed =>
        {
            var table = await SpeculationTable.MakeAsync(parsed.GetValue(pairs), parsed.GetValue(near));
            Console.WriteLine(table);
            if (parsed.GetValue(output) is { } file)
            {
                await File.WriteAllTextAsync(file, table);
            }
        });
        return command;
    }
}
