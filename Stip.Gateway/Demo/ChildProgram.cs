using System.Diagnostics;
using System.Text;
using Stip.Gateway.Terminal;

namespace Stip.Gateway.Demo;

/// <summary>One of the other two programs as a process of its own, which never outlives the demo.</summary>
internal sealed class ChildProgram : IDisposable
{
    private readonly Process _process;
    private readonly string _name;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource<string> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProgram(string name, ProcessStartInfo start)
    {
        _name = name;
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.Exited += (_, _) => _address.TrySetException(Stopped());
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Close();
    }

    public static ChildProgram Start(
        string name, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath is { } host && IsDotnet(host) ? host : "dotnet")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.ArgumentList.Add(DemoFiles.Program(name));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[variable] = value;
        }

        return new ChildProgram(name, start);
    }

    /// <summary>Runs a command to its end.</summary>
    public static async Task RunAsync(string name, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var program = Start(name, arguments);
        await program._process.WaitForExitAsync(cancellationToken);
        if (program._process.ExitCode != 0)
        {
            throw program.Stopped();
        }
    }

    /// <summary>The address that the program prints when it is ready.</summary>
    public Task<string> AddressAsync(CancellationToken cancellationToken) =>
        _address.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Kill();
        _process.Dispose();
    }

    private static bool IsDotnet(string path) => Path.GetFileNameWithoutExtension(path) == "dotnet";

    private void OnProcessExit(object? sender, EventArgs e) => Kill();

    private void Kill()
    {
        try
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit(TimeSpan.FromSeconds(2));
            }
        }
        catch (InvalidOperationException)
        {
            // It ended by itself.
        }
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.AppendLine(line);
        }

        if (line.Contains("ready", StringComparison.Ordinal)
            && Array.Find(line.Split([' ', ',', ';']), word => word.StartsWith("http://", StringComparison.Ordinal))
                is { } url)
        {
            _address.TrySetResult(url);
        }
    }

    private RefusedException Stopped()
    {
        lock (_output)
        {
            var lines = _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            return new RefusedException($"{_name} stopped: {lines.LastOrDefault() ?? "no output"}");
        }
    }
}
