using System.Diagnostics;
using MathNet.Numerics.Statistics;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Client.Generation;

namespace Stip.Bench.Paper;

/// <summary>Figure 7d: where the time of a decoded token goes.</summary>
internal static class Breakdown
{
    private const int Runs = 5;
    private const int Tokens = 64;

    public static async Task AddAsync(PaperRun run, string model, CancellationToken cancellationToken)
    {
        var served = await run.HostAsync(model);
        (string Name, StipModel Model)[] ways =
        [
            ("protected, WebSocket", served.Protected), ("plain, WebSocket", served.Plain),
            ("protected, HTTP", served.OverHttp),
        ];
        var table = run.Page.Add(new ResultTable(
            $"Figure 7d: milliseconds of a decoded token, {model}", "way", "client", "wire", "server", "all")
        {
            Note = $"One session, no network but the loopback; medians of {Runs} runs of {Tokens} tokens in turns. The "
                + "server's part is what it says itself. The paper (LLaMA2-7b, A100): client 1.7 ms more, server 11 "
                + "instead of 12 ms.",
        });
        var samples = ways.ToDictionary(way => way.Name, _ => new List<double[]>());
        for (var i = 0; i <= Runs; i++)
        {
            foreach (var (name, way) in ways)
            {
                samples[name].Add(await MeasureAsync(way, cancellationToken));
            }
        }

        double[] Part(int part) => [.. ways.Select(way => samples[way.Name].Skip(1).Select(s => s[part]).Median())];
        var (client, wire, server) = (Part(0), Part(1), Part(2));
        for (var i = 0; i < ways.Length; i++)
        {
            table.Add(ways[i].Name, Ms(client[i]), Ms(wire[i]), Ms(server[i]), Ms(client[i] + wire[i] + server[i]));
        }

        using var chart = new Chart("Time of a decoded token", "", "milliseconds");
        chart.AddStacks([.. ways.Select(way => way.Name)], [("client", client), ("wire", wire), ("server", server)]);
        chart.Save(run.Picture("Figure 7d", "7d"));
        run.Save();
    }

    private static string Ms(double value) => FormattableString.Invariant($"{value:0.00}");

    private static async Task<double[]> MeasureAsync(StipModel model, CancellationToken cancellationToken)
    {
        await using var open = await SessionLoad.OpenAsync(
            model, 1, SessionLoad.PromptTokens + Tokens, SessionLoad.PromptTokens, cancellationToken);
        var session = open.Sessions[0];
        var before = session.Usage;
        var start = Stopwatch.GetTimestamp();
        await SessionLoad.AppendAsync(open.Sessions, SessionLoad.PromptTokens, Tokens, cancellationToken);
        var all = Stopwatch.GetElapsedTime(start);
        var (roundTrip, server) = (session.Usage.RoundTrip - before.RoundTrip, session.Usage.Server - before.Server);
        return
        [
            (all - roundTrip).TotalMilliseconds / Tokens, (roundTrip - server).TotalMilliseconds / Tokens,
            server.TotalMilliseconds / Tokens,
        ];
    }
}
