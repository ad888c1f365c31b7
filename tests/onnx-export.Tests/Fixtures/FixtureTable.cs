using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Stip.Export.Tests.Fixtures;

/// <summary>Gathers the rows of all fixtures and writes them as one page to the file that STIP_TABLE names.</summary>
public sealed class FixtureTable : IDisposable
{
    private const string ProcessorInfo = "/proc/cpuinfo";
    private readonly ConcurrentBag<FixtureRow> _rows = [];

    internal void Add(FixtureRow row) => _rows.Add(row);

    public void Dispose()
    {
        if (_rows.IsEmpty || Environment.GetEnvironmentVariable("STIP_TABLE") is not { Length: > 0 } path)
        {
            return;
        }

        File.WriteAllLines(path,
        [
            string.Create(
                CultureInfo.InvariantCulture,
                $"{_rows.Count} models; weights moved {_rows.Average(row => row.Moved):P1} on average, "
                + $"{_rows.Min(row => row.Moved):P1} at least; largest difference from the golden outputs "
                + $"{_rows.Max(row => row.Plain):0.0E+0} plain, {_rows.Max(row => row.Protected):0.0E+0} protected, "
                + $"of their scale; {_rows.Sum(row => row.Unruled.Count)} operators without a rule."),
            "",
            $"{Processor()}, {Environment.ProcessorCount} cores; {RuntimeInformation.FrameworkDescription}, "
            + $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}.",
            "",
            FixtureRow.Heading,
            .. _rows.OrderBy(row => row.Name, StringComparer.Ordinal).Select(row => row.ToString()),
        ]);
    }

    private static string Processor() => File.Exists(ProcessorInfo)
        ? File.ReadLines(ProcessorInfo).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            ?.Split(':')[1].Trim() ?? RuntimeInformation.ProcessArchitecture.ToString()
        : RuntimeInformation.ProcessArchitecture.ToString();
}
