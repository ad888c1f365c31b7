using System.CommandLine;
using System.Globalization;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;

namespace Stip.Bench.Commands;

/// <summary><c>bytes</c>: what a decoded token costs on the wire at the width of a 7B model.</summary>
internal static class BytesCommand
{
    private const int TopK = 64;
    private static readonly bool[] Ways = [true, false]; // by WebSocket

    public static Command Create()
    {
        var model = BenchOptions.Model(RandomModels.Wide);
        var tokens = BenchOptions.Number("--tokens", 64, "Tokens to decode.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command("bytes", "Bytes of a decoded token, every header and frame included.")
        {
            model, tokens, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var models = new ModelFolder(parsed.GetValue(work));
            var made = await models.MakeAsync(parsed.GetValue(model)!);
            await using var server = await BenchServer.StartAsync();
            var served = await server.HostAsync(made);
            var manifest = made.Manifest;
            var page = new ResultPage($"Bytes of a decoded token, {made.Name}");
            var table = page.Add(new ResultTable(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Hidden size {manifest.HiddenSize}, vocabulary {manifest.VocabSize}, {manifest.WireDtype} rows, "
                    + $"top-k {TopK}"),
                "way", "bytes up", "bytes down", "both")
            {
                Note = "Counted on the connection, between the client and the server.",
            });
            foreach (var streams in Ways)
            {
                var (up, down) = await MeasureAsync(
                    served, streams, parsed.GetValue(tokens), cancellationToken);
                table.Add(streams ? "WebSocket" : "HTTP", up, down, up + down);
            }

            page.Save(parsed.GetValue(output));
            page.Print();
        });
        return command;
    }

    private static async Task<(long Up, long Down)> MeasureAsync(
        ServedPair served, bool streams, int tokens, CancellationToken cancellationToken)
    {
        using var relay = new LoopbackRelay(served.Server.Process.Endpoint, TimeSpan.Zero);
        var model = served.Server.Connect(served.Model.Protected, streams, relay.Endpoint);
        await using var session = model.OpenSession(SessionLoad.PromptTokens + tokens);
        var ids = SessionLoad.Ids(model, 0, 0, SessionLoad.PromptTokens + tokens);
        await session.AppendAsync(ids.AsMemory(0, SessionLoad.PromptTokens), TopK, 1, cancellationToken);
        var (up, down) = (relay.BytesUp, relay.BytesDown);
        for (var i = SessionLoad.PromptTokens; i < ids.Length; i++)
        {
            await session.AppendAsync(ids.AsMemory(i, 1), TopK, 1, cancellationToken);
        }

        return ((relay.BytesUp - up) / tokens, (relay.BytesDown - down) / tokens);
    }
}
