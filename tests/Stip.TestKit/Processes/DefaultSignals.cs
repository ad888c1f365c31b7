using System.Diagnostics;

namespace Stip.TestKit.Processes;

/// <summary>Programs that are ended by the signals of a keyboard, whatever the tests themselves were started with.
/// </summary>
/// <remarks>What a script starts in the background ignores SIGINT and SIGQUIT, and so does all that it starts: that is
/// a shell's word to its children, which the programs keep to, as POSIX wants it. A test of these signals needs a
/// program that was not told so: <c>env --default-signal</c> of GNU coreutils 8.31 and later.</remarks>
public static class DefaultSignals
{
    private static readonly string[] Command = ["env", "--default-signal=INT,QUIT"];
    private static readonly Lazy<bool> Can = new(Try);

    /// <summary>The beginning of a command line for such a program; empty where the machine has no such <c>env</c>.
    /// </summary>
    public static IReadOnlyList<string> Within => Can.Value ? Command : [];

    private static bool Try()
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        var start = new ProcessStartInfo(Command[0], [.. Command.Skip(1), "true"]) { RedirectStandardError = true };
        using var tried = Process.Start(start)!;
        tried.WaitForExit();
        return tried.ExitCode == 0;
    }
}
