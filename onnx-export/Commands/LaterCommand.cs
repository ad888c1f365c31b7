using System.CommandLine;
using Stip.Onnx;

namespace Stip.Export.Commands;

/// <summary>A command of the contract that is not built yet: it says so instead of guessing.</summary>
internal static class LaterCommand
{
    /// <param name="name">The command.</param>
    /// <param name="description">What it will do.</param>
    /// <param name="options">Its options, which help does not list yet.</param>
    public static Command Create(string name, string description, params ReadOnlySpan<string> options)
    {
        var command = new Command(name, $"Not there yet: {description}");
        foreach (var option in options)
        {
            command.Add(new Option<string>(option) { Hidden = true });
        }

        command.SetAction(int (_) => throw new RefusedException($"'{name}' is not there yet"));
        return command;
    }
}
