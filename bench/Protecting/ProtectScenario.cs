using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Bench.Measuring;
using Stip.Bench.Models;
using Stip.Bench.Reports;

namespace Stip.Bench.Protecting;

/// <summary>What <c>export</c> and <c>protect</c> take as models get deeper: memory, rate, and the search.</summary>
/// <param name="Folder">Where models are made and removed again.</param>
/// <param name="Shape">The model of so many layers.</param>
internal sealed record ProtectScenario(string Folder, Func<int, ModelShape> Shape)
{
    private string Source => Path.Combine(Folder, "source");

    private string Exported => Path.Combine(Folder, "exported");

    private string Written => Path.Combine(Folder, "written");

    /// <summary>Most anonymous memory of both commands for each number of layers; the last model stays.</summary>
    public async Task AddMemoryAsync(ResultTable table, IReadOnlyList<int> layers)
    {
        foreach (var count in layers)
        {
            var export = await ExportAsync(count);
            var protect = await ProtectAsync();
            table.Add(
                count, Gigabytes(FolderBytes.Count(Exported)), Mib(export), Mib(protect), Seconds(export.Seconds),
                Seconds(protect.Seconds));
            Remove(Written);
        }
    }

    /// <summary><c>protect</c> and a plain copy of the model that was exported last, in turns; each finds the files in
    /// the page cache, and ends when what it wrote is on the disk.</summary>
    public async Task<PairedRatio> AddRateAsync(ResultTable table, int pairs)
    {
        var megabytes = FolderBytes.Count(Exported) / 1e6;
        var (protects, copies) = (new List<double>(), new List<double>());
        // What the export wrote must not go to the disk while others are timed.
        FolderBytes.Flush(Exported);
        FolderBytes.Warm(Exported);
        for (var pair = 0; pair < pairs; pair++)
        {
            // Who comes first has the disk before the other; so they change.
            var isFirst = pair % 2 == 0;
            if (isFirst)
            {
                protects.Add(megabytes / await TimedProtectAsync());
            }

            copies.Add(megabytes / TimedCopy());
            if (!isFirst)
            {
                protects.Add(megabytes / await TimedProtectAsync());
            }

            table.Add(pair + 1, Whole(protects[^1]), Whole(copies[^1]), Hundredths(protects[^1] / copies[^1]));
        }

        var ratio = PairedRatio.Of(protects, copies);
        table.Add(
            "all", Whole(protects.Median()), Whole(copies.Median()),
            FormattableString.Invariant($"{ratio.Ratio:0.00} [{ratio.Low:0.00}, {ratio.High:0.00}]"));
        return ratio;
    }

    /// <summary>The search alone: <c>inspect</c> of a graph of so many layers, which reads no weights.</summary>
    public async Task AddSearchAsync(ResultTable table, IReadOnlyList<int> layers, int runs)
    {
        Remove(Exported);
        await ExportAsync(layers: 2);
        var graph = new DeepGraph(Exported);
        foreach (var count in layers)
        {
            graph.Write(count);
            var taken = new List<MeasuredRun>();
            for (var run = 0; run < runs; run++)
            {
                taken.Add(await MeasuredRun.OfAsync("inspect", "--model", Exported, "--json"));
            }

            table.Add(
                count, Seconds(taken.Select(run => run.Seconds).Median()),
                Seconds(taken.Select(run => run.CpuSeconds).Median()),
                Whole(taken.Max(run => run.PeakMib)));
        }

        Remove(Exported);
    }

    private async Task<MeasuredRun> ExportAsync(int layers)
    {
        Remove(Exported);
        var shape = Shape(layers);
        await shape.WriteAsync(Source);
        return await MeasuredRun.OfAsync(
            "export", "--checkpoint", Source, "--output", Exported, "--random-weights", "1", "--dtype", shape.Dtype);
    }

    private Task<MeasuredRun> ProtectAsync() => MeasuredRun.OfAsync(
        "protect", "--model", Exported, "--output", Written, "--name", "bench", "--verify", "none");

    private async Task<double> TimedProtectAsync()
    {
        var clock = Stopwatch.StartNew();
        await ProtectAsync();
        FolderBytes.Flush(Written);
        var seconds = clock.Elapsed.TotalSeconds;
        Remove(Written);
        return seconds;
    }

    private double TimedCopy()
    {
        var clock = Stopwatch.StartNew();
        FolderBytes.Copy(Exported, Written);
        var seconds = clock.Elapsed.TotalSeconds;
        Remove(Written);
        return seconds;
    }

    private static void Remove(string folder)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Gigabytes(long bytes) => FormattableString.Invariant($"{bytes / 1e9:0.00}");

    private static string Mib(MeasuredRun run) => Whole(run.PeakMib);

    private static string Whole(double value) => FormattableString.Invariant($"{value:0}");

    private static string Seconds(double value) => FormattableString.Invariant($"{value:0.0}");

    private static string Hundredths(double value) => FormattableString.Invariant($"{value:0.00}");
}
