using System.CommandLine;
using Microsoft.ML.OnnxRuntime;
using Stip.Onnx;

namespace Stip.Export.Terminal;

/// <summary>One clear line on standard error for every refused input, instead of a stack trace.</summary>
internal static class Refusals
{
    // A run of a large model ends before its command hears of Ctrl-C, and only then is what was written removed.
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(5);

    /// <summary>Lets exceptions of commands through to <see cref="ReportAsync"/>.</summary>
    public static InvocationConfiguration Uncaught { get; } = new()
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = LongestRun,
    };

    /// <summary>Runs a command.</summary>
    /// <returns>Its exit code, or 1 where its input was refused.</returns>
    public static async Task<int> ReportAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("cancelled; nothing was left behind");
        }
        catch (Exception e) when (e is RefusedException or IOException or InvalidDataException
            or UnauthorizedAccessException or HttpRequestException or OnnxRuntimeException)
        {
            await Console.Error.WriteLineAsync(OneLine.Of(e.Message));
        }

        return ExitCodes.Refused;
    }
}
