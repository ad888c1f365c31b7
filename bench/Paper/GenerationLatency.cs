using System.Diagnostics;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;
using Stip.Onnx.Execution;
using Stip.Onnx.Packages;

namespace Stip.Bench.Paper;

/// <summary>Figure 7c: latency of a generation against its tokens, with the network between.</summary>
internal static class GenerationLatency
{
    private const int Prompt = 128;
    private static readonly int[] Delays = [0, 10, 250];

    public static async Task AddAsync(
        PaperRun run, string model, int tokens, CancellationToken cancellationToken)
    {
        var served = await run.HostAsync(model);
        int[] marks = [.. Enumerable.Range(1, 8).Select(i => i * tokens / 8)];
        var table = run.Page.Add(new ResultTable(
            $"Figure 7c: latency of generated tokens, {model}",
            ["way", .. marks.Select(mark => FormattableString.Invariant($"{mark} tokens, s")), "slope, ms a token"])
        {
            Note = $"One session, a prompt of {Prompt} tokens, one token a round (no guessing ahead), over a "
                + "WebSocket; the time is that of a byte one way, as in the paper (wired 10 ms, "
                + "wireless 250 ms; LLaMA2-7b there).",
        });
        using var chart = new Chart("Latency of a generation", "generated tokens", "seconds");
        Add("full cloud (bare loop, no network)", Bare(served, marks));
        foreach (var delay in Delays)
        {
            Add(
                FormattableString.Invariant($"Stip, {delay} ms"),
                await ServedAsync(served, delay, marks, cancellationToken));
            run.Save();
        }

        chart.Save(run.Picture("Figure 7c", "7c"));

        void Add(string name, double[] seconds)
        {
            var slope = (seconds[^1] - seconds[0]) / (marks[^1] - marks[0]) * 1000;
            table.Add([
                name, .. seconds.Select(value => FormattableString.Invariant($"{value:0.00}")),
                FormattableString.Invariant($"{slope:0.0}")]);
            chart.AddLine(name, [.. marks.Select(mark => (double)mark)], seconds);
        }
    }

    private static async Task<double[]> ServedAsync(
        ServedPair served, int delayMs, int[] marks, CancellationToken cancellationToken)
    {
        using var relay = new LoopbackRelay(
            served.Server.Process.Endpoint, TimeSpan.FromMilliseconds(delayMs));
        var model = served.Server.Connect(served.Model.Protected, streams: true, relay.Endpoint);
        await model.CheckAsync(cancellationToken);
        var ids = SessionLoad.Ids(model, 0, 0, Prompt + marks[^1]);
        await using var session = model.OpenSession(ids.Length);
        var start = Stopwatch.GetTimestamp();
        await session.AppendAsync(ids.AsMemory(0, Prompt), topK: 1, cancellationToken: cancellationToken);
        var seconds = new List<double>();
        for (var token = 1; token <= marks[^1]; token++)
        {
            if (marks.Contains(token))
            {
                seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            await session.AppendAsync(ids.AsMemory(Prompt + token - 1, 1), 1, 1, cancellationToken);
        }

        return [.. seconds];
    }

    private static double[] Bare(ServedPair served, int[] marks)
    {
        var manifest = served.Model.Manifest;
        using var tables = EmbeddingTables.Open(served.Model.Exported, manifest.Embedding);
        using var runner = new DecoderRunner(served.Model.Graph, Prompt + marks[^1]);
        var ids = SessionLoad.Ids(served.Protected, 0, 0, Prompt + marks[^1]).Select(id => (long)id).ToArray();
        runner.Append(tables.Embed(ids.AsSpan(0, Prompt), firstPosition: 0));
        runner.Rewind(0);
        var start = Stopwatch.GetTimestamp();
        runner.Append(tables.Embed(ids.AsSpan(0, Prompt), firstPosition: 0));
        var seconds = new List<double>();
        for (var token = 1; token <= marks[^1]; token++)
        {
            if (marks.Contains(token))
            {
                seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            runner.Append(tables.Embed([ids[Prompt + token - 1]], Prompt + token - 1));
        }

        return [.. seconds];
    }
}
