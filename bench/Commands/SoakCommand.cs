using System.CommandLine;
using MathNet.Numerics.Statistics;
using Stip.Bench.Models;
using Stip.Bench.Reports;
using Stip.Bench.Serving;
using Stip.Bench.Soak;
using Stip.Client.Generation;

namespace Stip.Bench.Commands;

/// <summary><c>soak</c>: full load for long; nothing grows, and no token is wrong.</summary>
internal static class SoakCommand
{
    private const int Prompts = 32;
    private const int PromptTokens = 48;
    private const int AnswerTokens = 64;
    private const double P99 = 0.99;

    public static Command Create()
    {
        var model = BenchOptions.Model("stories");
        var minutes = BenchOptions.Number("--minutes", 30, "How long.");
        var users = BenchOptions.Number("--users", 16, "Users at once, every other one over HTTP.");
        var (work, output) = (BenchOptions.Work(), BenchOptions.Output());
        var command = new Command("soak", "Full load for long: memory, handles, slots, latency, wrong tokens.")
        {
            model, minutes, users, work, output,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var models = new ModelFolder(parsed.GetValue(work));
            var made = await models.MakeAsync(parsed.GetValue(model)!);
            var references = SoakReference.Find(made, Prompts, PromptTokens, AnswerTokens);
            await using var server = await BenchServer.StartAsync();
            var served = await server.HostAsync(made);
            var page = new ResultPage($"Soak, {made.Name}, {parsed.GetValue(users)} users");
            await RunAsync(
                served, new SoakLoad(references), parsed.GetValue(users), parsed.GetValue(minutes), page,
                parsed.GetValue(output), cancellationToken);
            page.Print();
        });
        return command;
    }

    private static async Task RunAsync(
        ServedPair served, SoakLoad load, int users, int minutes, ResultPage page, string? output,
        CancellationToken cancellationToken)
    {
        var table = page.Add(new ResultTable(
            "", "minute", "answers", "tokens", "wrong tokens", "refused", "replayed", "p50, ms", "p99, ms",
            "memory, MiB", "handles", "threads", "slots")
        {
            Note = "Every token is compared with a bare loop over the plain graph; counts are since the start, times "
                + "are of the steps of the minute, the rest is the server's state at its end.",
        });
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = Task.WhenAll(Enumerable.Range(0, users).Select(user => Task.Run(
            () => load.RunAsync(WayOf(user), user, end.Token), cancellationToken)));
        for (var minute = 1; minute <= minutes; minute++)
        {
            await Task.Delay(TimeSpan.FromMinutes(1), cancellationToken);
            await AddAsync($"{minute}");
        }

        await end.CancelAsync();
        await running;
        await AddAsync("end");

        StipModel WayOf(int user) => user % 2 == 0 ? served.Protected : served.OverHttp;

        async Task AddAsync(string minute)
        {
            var sample = await SoakSample.TakeAsync(served.Server, cancellationToken);
            var times = load.TakeStepTimes();
            table.Add(
                minute, load.Answers, load.Tokens, load.Wrong, load.Refusals, load.Replays, Tenths(times.Median()),
                Tenths(times.Quantile(P99)), FormattableString.Invariant($"{sample.ResidentMib:0}"), sample.Handles,
                sample.Threads, sample.Sessions);
            page.Save(output);
        }
    }

    private static string Tenths(double value) => FormattableString.Invariant($"{value:0.0}");
}
