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
        var texts = new Option<int[]>("--text")
        {
            Description = $"Numbers of rows, 1..{RepeatedText.All.Count}; all of them unless given.",
            AllowMultipleArgumentsPerToken = true,
            DefaultValueFactory = _ => [.. Enumerable.Range(1, RepeatedText.All.Count)],
        };
        texts.Validators.Add(result =>
        {
            foreach (var number in result.GetValueOrDefault<int[]>().Where(n => n < 1 || n > RepeatedText.All.Count))
            {
                result.AddError($"--text {number} is outside 1..{RepeatedText.All.Count}");
            }
        });
        var output = BenchOptions.Output();
        var command = new Command("speculation", "Rounds per 100 tokens with guesses, at three latencies.")
        {
            pairs, near, texts, output,
        };
        command.SetAction(async parsed =>
        {
            var asked = parsed.GetRequiredValue(texts).Select(number => RepeatedText.All[number - 1]).ToArray();
            var table = await SpeculationTable.MakeAsync(asked, parsed.GetValue(pairs), parsed.GetValue(near));
            Console.WriteLine(table);
            if (parsed.GetValue(output) is { } file)
            {
                await File.WriteAllTextAsync(file, table);
            }
        });
        return command;
    }
}
