using System.Diagnostics;

namespace Stip.TestKit.Processes;

/// <summary>A program of this solution that ran to its end.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
public sealed record ProgramRun(int ExitCode, string Output, string Error)
{
    /// <summary>Runs it; cancelling kills it.</summary>
    /// <param name="project">E.g. <c>Stip.Gateway</c>.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="input">Its standard input.</param>
    /// <param name="environment">Variables beside those of the tests; null for none.</param>
    /// <param name="cancellationToken">Kills it and what it started.</param>
    public static async Task<ProgramRun> RunAsync(
        string project,
        IEnumerable<string> arguments,
        string input = "",
        IReadOnlyDictionary<string, string>? environment = null,
        CancellationToken cancellationToken = default)
    {
        var start = BuiltProgram.StartOf(project, arguments);
        start.RedirectStandardInput = true;
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        start.Environment["NO_COLOR"] = "1";
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        await using var kill = cancellationToken.Register(() => process.Kill(entireProcessTree: true));
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken);
        return new ProgramRun(process.ExitCode, await output, await error);
    }
}
