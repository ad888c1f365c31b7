using Stip.Bench.Reports;
using Stip.Bench.Scenarios;
using Stip.Bench.Serving;

namespace Stip.Bench.Paper;

/// <summary>§7.5 and figure 2: bytes on the wire.</summary>
internal static class Traffic
{
    private const int Tokens = 100;
    private const int TopK = 64;
    private const double Mib = 1 << 20;

    public static async Task AddAsync(
        PaperRun run, IReadOnlyList<string> models, CancellationToken cancellationToken)
    {
        var table = run.Page.Add(new ResultTable(
            "§7.5 and figure 2: traffic", "model", "what", "up, MiB", "down, MiB")
        {
            Note = "Counted on the connection, headers included. The paper's single round brings the logits of every "
                + "token; a generation needs those of the last one, or its largest.",
        });
        foreach (var model in models)
        {
            var served = await run.HostAsync(model);
            using var relay = new LoopbackRelay(run.Server.Process.Endpoint, TimeSpan.Zero);
            var client = run.Server.Connect(served.Model.Protected, streams: true, relay.Endpoint);
            var ids = SessionLoad.Ids(client, 0, 0, Tokens);
            await client.CheckAsync(cancellationToken);
            await using var all = client.OpenSession(Tokens);
            await CountAsync(
                $"one pass of {Tokens} tokens, logits of all", () => all.ScoreAsync(ids, cancellationToken));
            await using var one = client.OpenSession(Tokens + 1);
            await CountAsync(
                $"prompt of {Tokens} tokens, {TopK} largest of the last",
                () => one.AppendAsync(ids, TopK, 1, cancellationToken));
            await CountAsync(
                $"one decoded token, {TopK} largest",
                () => one.AppendAsync(ids.AsMemory(0, 1), TopK, 1, cancellationToken));
            run.Save();

            async Task CountAsync(string what, Func<Task> step)
            {
                var (up, down) = (relay.BytesUp, relay.BytesDown);
                await step();
                table.Add(model, what, M(relay.BytesUp - up), M(relay.BytesDown - down));
            }
        }

        table.Add("GPT2-124m", "one pass, paper's STIP (quoted)", "5.8", "7.5");
        table.Add("GPT2-124m", "one pass, CipherGPT (quoted), both ways",
            FormattableString.Invariant($"{Quoted.CipherGptMib:N0}"), "");
    }

    private static string M(long bytes) => FormattableString.Invariant($"{bytes / Mib:0.0000}");
}
