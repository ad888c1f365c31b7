using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Client.Generation;

namespace Stip.Bench.Paper;

/// <summary>Figure 9: first layers left with the client.</summary>
internal static class ModelSplit
{
    private const int Runs = 5;
    private const int Tokens = 48;
    private const double Mib = 1 << 20;

    public static async Task AddAsync(PaperRun run, string model, CancellationToken cancellationToken)
    {
        var made = await run.Models.MakeAsync(model);
        var layers = made.Manifest.Graphs["decoder"].Cache!.Layers;
        int[] splits = [.. Enumerable.Range(0, layers)];
        var table = run.Page.Add(new ResultTable(
            $"Figure 9: layers left with the client, {model}", "layers with the client", "prompt, ms",
            "decoded token, ms", "of it in the server, ms", "weights of those layers, MiB")
        {
            Note = $"{layers} layers in all, of which the server keeps one at least; a prompt of "
                + $"{SessionLoad.PromptTokens} tokens, medians of {Runs} runs of {Tokens} tokens in turns, over a "
                + "WebSocket without added delay. Client and server have the same processor here, so a layer costs "
                + "the same on either side; the paper's client is slower than its server by far (0 to 20 layers of "
                + "LLaMA2-7b), so that its latency rises with every layer.",
        });
        var folders = new List<string>();
        var clients = new List<StipModel>();
        foreach (var split in splits)
        {
            var folder = await run.Models.SplitAsync(made, split);
            await run.Server.Process.PushAsync(folder);
            folders.Add(folder);
            clients.Add(run.Server.Connect(folder));
        }

        var samples = splits.Select(_ => new List<Sample>()).ToArray();
        for (var i = 0; i <= Runs; i++)
        {
            foreach (var split in splits)
            {
                samples[split].Add(await MeasureAsync(clients[split], cancellationToken));
            }
        }

        double Median(int split, Func<Sample, double> part) => samples[split].Skip(1).Select(part).Median();
        foreach (var split in splits)
        {
            table.Add(
                FormattableString.Invariant($"{split}"), N(Median(split, s => s.PromptMs)),
                N(Median(split, s => s.TokenMs)), N(Median(split, s => s.ServerMs)),
                N(LayerBytes(folders[split]) / Mib));
        }

        using var chart = new Chart("Layers left with the client", "layers", "milliseconds a decoded token");
        double[] x = [.. splits.Select(split => (double)split)];
        chart.AddLine("all", x, [.. splits.Select(split => Median(split, s => s.TokenMs))]);
        chart.AddLine("of it in the server", x, [.. splits.Select(split => Median(split, s => s.ServerMs))]);
        chart.Save(run.Picture("Figure 9", "9"));
        run.Save();
    }

    private static async Task<Sample> MeasureAsync(StipModel model, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await using var open = await SessionLoad.OpenAsync(
            model, 1, SessionLoad.PromptTokens + Tokens, SessionLoad.PromptTokens, cancellationToken);
        var prompt = Stopwatch.GetElapsedTime(start);
        var session = open.Sessions[0];
        var before = session.Usage;
        start = Stopwatch.GetTimestamp();
        await SessionLoad.AppendAsync(open.Sessions, SessionLoad.PromptTokens, Tokens, cancellationToken);
        var all = Stopwatch.GetElapsedTime(start);
        return new Sample(
            prompt.TotalMilliseconds, all.TotalMilliseconds / Tokens,
            (session.Usage.Server - before.Server).TotalMilliseconds / Tokens);
    }

    private static double LayerBytes(string package) =>
        new DirectoryInfo(Path.Combine(package, "client")).EnumerateFiles("layers*").Sum(file => file.Length);

    private static string N(double value) => FormattableString.Invariant($"{value:0.00}");

    private sealed record Sample(double PromptMs, double TokenMs, double ServerMs);
}
