using System.CommandLine;
using Stip.Bench.Speculation;

namespace Stip.Bench.Commands;

/// <summary><c>speculation</c>: rounds that guesses save.</summary>
internal static class SpeculationCommand
{
    public static Command Create()
    {
        var repeats = BenchOptions.Number("--repeats", 9, "Interleaved pairs.");
        var output = BenchOptions.Output();
        var command = new Command("speculation", "Rounds per 100 tokens with guesses, at three latencies.")
        {
            repeats, output,
        };
        command.SetAction(async parsed =>
        {
            var table = await SpeculationTable.MakeAsync(parsed.GetValue(repeats));
            Console.WriteLine(table);
            if (parsed.GetValue(output) is { } file)
            {
                await File.WriteAllTextAsync(file, table);
            }
        });
        return command;
    }
}
