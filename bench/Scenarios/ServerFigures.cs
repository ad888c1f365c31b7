using System.Diagnostics;
using System.Globalization;
using Stip.Bench.Reports;
using Stip.Bench.Serving;
using Stip.Client.Generation;

namespace Stip.Bench.Scenarios;

/// <summary>Figures of the server that are no ratio: what it allocates, and how many sessions it holds.</summary>
internal static class ServerFigures
{
    private const int SessionsAtOnce = 1000;
    private const int SmallContext = 64;
    private const int ShortPrompt = 16;
    private const int AllocationSteps = 500;

    public static async Task AddAsync(
        ResultTable table, ServedPair served, CancellationToken cancellationToken)
    {
        table.Add(
            "managed bytes that the whole server allocates a decode step, WebSocket",
            await AllocatedAsync(served.Server, served.Protected, cancellationToken));
        table.Add(
            "the same over HTTP", await AllocatedAsync(served.Server, served.OverHttp, cancellationToken));
        table.Add($"{SessionsAtOnce:N0} sessions open at once", await OpenManyAsync(served, cancellationToken));
    }

    private static async Task<string> AllocatedAsync(
        BenchServer server, StipModel model, CancellationToken cancellationToken)
    {
        await using var open = await SessionLoad.OpenAsync(
            model, 1, SessionLoad.PromptTokens + AllocationSteps * 3 / 2, SessionLoad.PromptTokens, cancellationToken);
        await SessionLoad.AppendAsync(
            open.Sessions, SessionLoad.PromptTokens, AllocationSteps / 2, cancellationToken);
        var before = await ServerGauges.ReadAsync(server, cancellationToken);
        await SessionLoad.AppendAsync(
            open.Sessions, SessionLoad.PromptTokens + AllocationSteps / 2, AllocationSteps, cancellationToken);
        var after = await ServerGauges.ReadAsync(server, cancellationToken);
        var bytes = (after.AllocatedBytes - before.AllocatedBytes) / AllocationSteps;
        return FormattableString.Invariant($"{bytes:N0} over {AllocationSteps:N0} steps");
    }

    private static async Task<string> OpenManyAsync(ServedPair served, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await using var open = await SessionLoad.OpenAsync(
            served.Protected, SessionsAtOnce, SmallContext, ShortPrompt, cancellationToken);
        var opened = Stopwatch.GetElapsedTime(start);
        start = Stopwatch.GetTimestamp();
        await SessionLoad.AppendAsync(open.Sessions, ShortPrompt, 2, cancellationToken);
        var decoded = Stopwatch.GetElapsedTime(start);
        var gauges = await ServerGauges.ReadAsync(served.Server, cancellationToken);
        var replays = open.Sessions.Sum(session => session.Usage.Replays);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{gauges.Sessions:N0} held, all answered, {replays} replayed: opened with "
            + $"{ShortPrompt} tokens each in {opened.TotalSeconds:0.0} s, two more tokens each in "
            + $"{decoded.TotalSeconds:0.0} s");
    }
}
