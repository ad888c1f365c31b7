using System.Diagnostics;
using Stip.TestKit;

namespace Stip.Programs.Tests.Samples;

/// <summary>A program of samples/ run with its own tool.</summary>
internal static class SampleProgram
{
    /// <summary>Runs it; a tool that this machine lacks skips the test by its name.</summary>
    public static async Task<(int ExitCode, string Output, string Error)> RunAsync(
        string tool, string script, IEnumerable<string> arguments, CancellationToken cancellation)
    {
        foreach (var needed in tool == "sh" ? ["sh", "curl", "od", "base64", "awk"] : new[] { tool })
        {
            Assert.SkipUnless(IsOnPath(needed), $"{needed} is not on this machine");
        }

        var start = new ProcessStartInfo(tool, [RepositoryRoot.At("samples", script), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var error = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return (process.ExitCode, (await output).Trim(), error.Trim());
    }

    private static bool IsOnPath(string tool) => (Environment.GetEnvironmentVariable("PATH") ?? string.Empty)
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(folder => File.Exists(Path.Combine(folder, tool)) || File.Exists(Path.Combine(folder, tool + ".exe")));
}
