using System.CommandLine;
using Stip.Bench.Models;
using Stip.TestKit;

namespace Stip.Bench.Commands;

/// <summary>Options that several commands have.</summary>
internal static class BenchOptions
{
    public static Option<string> Model(string standard) => new("--model")
    {
        Description = "Checkpoint or random model: "
            + string.Join(", ", [.. KnownCheckpoints.Names, .. RandomModels.Names]),
        DefaultValueFactory = _ => standard,
    };

    public static Option<string?> Work() => new("--work")
    {
        Description = "Folder in which models are made once and found again; a temporary one unless given.",
    };

    public static Option<string?> Output() => new("--output")
    {
        Description = "Markdown file to write the results to.",
    };

    public static Option<int> Number(string name, int standard, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => standard,
    };
}
