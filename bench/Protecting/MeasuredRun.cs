using System.Diagnostics;
using System.Globalization;
using Stip.TestKit.Processes;

namespace Stip.Bench.Protecting;

/// <summary>What a run of the onnx-export program took.</summary>
/// <param name="Seconds">From its start to its end.</param>
/// <param name="CpuSeconds">Processor time, of all threads; that of the last twentieth of a second may be missing.
/// </param>
/// <param name="PeakMib">Most anonymous memory that was seen, mapped pages of files aside.</param>
internal sealed record MeasuredRun(double Seconds, double CpuSeconds, double PeakMib)
{
    private static readonly TimeSpan Between = TimeSpan.FromMilliseconds(20);

    /// <summary>Runs it as a process of its own and watches its memory (Linux; elsewhere the figure is 0).</summary>
    /// <exception cref="InvalidOperationException">It ended with another exit code than 0.</exception>
    public static async Task<MeasuredRun> OfAsync(params string[] arguments)
    {
        var start = BuiltProgram.StartOf("onnx-export", arguments);
        (start.RedirectStandardOutput, start.RedirectStandardError) = (true, true);
        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var texts = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        var ended = process.WaitForExitAsync();
        var (peak, cpu) = (0.0, 0.0);
        while (await Task.WhenAny(ended, Task.Delay(Between)) != ended)
        {
            peak = Math.Max(peak, AnonymousMib(process.Id));
            cpu = ProcessorTime(process) ?? cpu;
        }

        var seconds = clock.Elapsed.TotalSeconds;
        var written = await texts;
        return process.ExitCode == 0 ? new MeasuredRun(seconds, cpu, peak) : throw new InvalidOperationException(
            $"onnx-export {arguments[0]} ended with {process.ExitCode}: {written[1]}{written[0]}");
    }

    private static double AnonymousMib(int id)
    {
        try
        {
            var line = File.ReadLines($"/proc/{id}/status")
                .FirstOrDefault(line => line.StartsWith("RssAnon:", StringComparison.Ordinal));
            return line is null ? 0 : double.Parse(
                line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1],
                CultureInfo.InvariantCulture) / 1024;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static double? ProcessorTime(Process process)
    {
        try
        {
            process.Refresh();
            return process.TotalProcessorTime.TotalSeconds;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
