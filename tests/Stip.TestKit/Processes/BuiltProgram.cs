using System.Diagnostics;
using System.Text;

namespace Stip.TestKit.Processes;

/// <summary>A program of this solution, as it was built beside the tests, running as a process of its own.</summary>
public sealed class BuiltProgram : IAsyncDisposable
{
    // A process of seconds gets nothing back for counting what its code does, and is a sixth of its time at work on
    // mapping it twice.
    private static readonly string[] Spared = ["DOTNET_TieredPGO", "DOTNET_EnableWriteXorExecute"];

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private BuiltProgram(Process process)
    {
        _process = process;
        process.OutputDataReceived += Keep;
        process.ErrorDataReceived += Keep;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Both streams, as lines.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Id of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it ended by itself.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Processor time it has used.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Path of a project's built assembly, in the configuration that the caller was built in.</summary>
    public static string PathOf(string project) => RepositoryRoot.At(
        "artifacts", "bin", project, new DirectoryInfo(AppContext.BaseDirectory).Name, $"{project}.dll");

    /// <summary>How it is started: by <c>dotnet</c> from where it was built; directly where the caller and it were
    /// published into one folder with the runtime, as for a machine without one.</summary>
    public static ProcessStartInfo StartOf(string project, IEnumerable<string> arguments)
    {
        var published = File.Exists(Path.Combine(AppContext.BaseDirectory, "libcoreclr.so"));
        var start = published
            ? new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, project), arguments)
            : new ProcessStartInfo("dotnet", [PathOf(project), .. arguments]);
        Spare(start);
        return start;
    }

    private static void Spare(ProcessStartInfo start)
    {
        foreach (var setting in Spared)
        {
            start.Environment[setting] = "0";
        }
    }

    /// <summary>Starts it.</summary>
    /// <param name="project">E.g. <c>Stip.Api</c>.</param>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">Beside that of this process.</param>
    /// <param name="within">A command that becomes the program: its own command line follows.</param>
    public static BuiltProgram Start(
        string project,
        IEnumerable<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        IReadOnlyList<string>? within = null)
    {
        var plain = StartOf(project, arguments);
        string[] command = [.. within ?? [], plain.FileName, .. plain.ArgumentList];
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Spare(start);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        return new BuiltProgram(Process.Start(start)!);
    }

    /// <summary>Asks it to end, as an operator does, and gives its exit code.</summary>
    /// <exception cref="TimeoutException">It did not end in time.</exception>
    public async Task<int> TerminateAsync(TimeSpan patience)
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            await kill.WaitForExitAsync();
        }

        await _process.WaitForExitAsync().WaitAsync(patience);
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
        {
            _output.AppendLine(line.Data);
        }
    }
}
