using System.CommandLine;
using Stip.Onnx;

namespace Stip.Export.Commands;

/// <summary>A command of the contract that is not built yet: it says so instead of guessing.</summary>
internal static class LaterCommand
{
    public static Command Create(string name, string description)
    {
        var command = new Command(name, $"Not there yet: {description}") { TreatUnmatchedTokensAsErrors = false };
        command.SetAction(int (_) => throw new RefusedException($"'{name}' is not there yet"));
        return command;
    }
}
