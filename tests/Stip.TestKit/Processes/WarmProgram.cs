using System.Diagnostics;
using System.Text.Json;

namespace Stip.TestKit.Processes;

/// <summary>A program of this solution that stays alive between its command lines; it ends with the tests.</summary>
/// <param name="project">E.g. <c>onnx-export</c>.</param>
internal sealed class WarmProgram(string project) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private Process? _process;

    /// <summary>Runs one command line, after those that wait already.</summary>
    /// <returns>Its exit code, and what it printed on both streams.</returns>
    /// <exception cref="InvalidOperationException">The program itself ended.</exception>
    public async Task<(int ExitCode, string Printed)> RunAsync(IReadOnlyList<string> arguments)
    {
        await _turn.WaitAsync();
        try
        {
            _process ??= Start();
            await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(arguments));
            await _process.StandardInput.FlushAsync();
            var answer = await _process.StandardOutput.ReadLineAsync()
                ?? throw new InvalidOperationException($"{project} ended at {arguments[0]}");
            var parts = JsonSerializer.Deserialize<JsonElement[]>(answer)!;
            return (parts[0].GetInt32(), parts[1].GetString()!);
        }
        catch
        {
            _process?.Dispose();
            _process = null;
            throw;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process?.Dispose();
        _turn.Dispose();
    }

    // Its standard input ends with the process that holds the other end.
    private Process Start()
    {
        var start = BuiltProgram.StartOf(project, []);
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(WarmProgram).Assembly.Location;
        return Process.Start(start)!;
    }
}
