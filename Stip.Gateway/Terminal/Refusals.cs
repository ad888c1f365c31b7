using System.CommandLine;
using Stip.Client;
using Stip.Client.Bundles;
using Stip.Keys.Sealing;

namespace Stip.Gateway.Terminal;

/// <summary>One clear line on standard error for every refused input, instead of a stack trace.</summary>
internal static class Refusals
{
    /// <summary>Lets exceptions of commands through to <see cref="ReportAsync"/>.</summary>
    public static InvocationConfiguration Uncaught { get; } = new() { EnableDefaultExceptionHandler = false };

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
            await Console.Error.WriteLineAsync("cancelled");
        }
        catch (Exception fault) when (fault is RefusedException or SealException or BundleException or StipException
            or IOException
            or InvalidDataException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync(fault.Message.ReplaceLineEndings(" "));
        }

        return ExitCodes.Refused;
    }
}
