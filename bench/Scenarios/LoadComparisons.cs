using System.Runtime.CompilerServices;
using Stip.Bench.Measuring;
using Stip.Bench.Serving;

namespace Stip.Bench.Scenarios;

/// <summary>Many sessions at once: what serving keeps of the bare runtime, and what batching wins.</summary>
internal static class LoadComparisons
{
    private const int Active = 16;
    private const int HeldSessions = 240;

    /// <summary>Served / bare at each number of sessions.</summary>
    public static async IAsyncEnumerable<Comparison> ServedAsync(
        ServedPair served, BenchPlan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var sessions in plan.Sessions)
        {
            using var bare = new BareBatch(
                served.Model.Graph, sessions, SessionLoad.PromptTokens + plan.Tokens);
            Task<Rates> Http() => SessionLoad.DecodeAsync(
                served.Server, served.OverHttp, sessions, plan.Tokens, cancellationToken);
            Task<Rates> Stream() => SessionLoad.DecodeAsync(
                served.Server, served.Protected, sessions, plan.Tokens, cancellationToken);
            Task<Rates> Bare() => Task.FromResult(
                new Rates(0, bare.Decode(SessionLoad.PromptTokens, plan.Tokens)));

            var (first, second) = await Interleaved.RunAsync(Http, Bare, plan.Pairs);
            yield return Comparison.Of($"HTTP / bare, {sessions} sessions", first, second, r => r.Decode);
            (first, second) = await Interleaved.RunAsync(Stream, Bare, plan.Pairs);
            yield return Comparison.Of($"WebSocket / bare, {sessions} sessions", first, second, r => r.Decode);
        }
    }

    /// <summary>What batching wins, and what sessions that are only held cost.</summary>
    public static async IAsyncEnumerable<Comparison> BatchedAsync(
        ServedPair served, BenchPlan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Task<Rates> Of(int sessions) => SessionLoad.DecodeAsync(
            served.Server, served.Protected, sessions, plan.Tokens, cancellationToken);
        using var bare = new BareBatch(served.Model.Graph, Active, SessionLoad.PromptTokens + plan.Tokens);
        using var bareOne = new BareBatch(served.Model.Graph, 1, SessionLoad.PromptTokens + plan.Tokens);
        Task<Rates> Bare(BareBatch loop) => Task.FromResult(
            new Rates(0, loop.Decode(SessionLoad.PromptTokens, plan.Tokens)));

        var (many, one) = await Interleaved.RunAsync(() => Of(Active), () => Of(1), plan.Pairs);
        yield return Comparison.Of("16 sessions / 1 session, WebSocket", many, one, r => r.Decode);
        (many, one) = await Interleaved.RunAsync(() => Bare(bare), () => Bare(bareOne), plan.Pairs);
        yield return Comparison.Of("16 sequences / 1 sequence, bare loop", many, one, r => r.Decode);

        // Opening 240 sessions for every pair would take longer than what is measured: two runs, not interleaved.
        var alone = new List<Rates>();
        for (var i = 0; i < plan.Pairs; i++)
        {
            alone.Add(await Of(Active));
        }

        await using var held = await SessionLoad.OpenAsync(
            served.Protected, HeldSessions, SessionLoad.PromptTokens + 1, SessionLoad.PromptTokens, cancellationToken);
        var among = new List<Rates>();
        await Of(Active);
        for (var i = 0; i < plan.Pairs; i++)
        {
            among.Add(await Of(Active));
        }

        yield return Comparison.Of(
            $"{Active} active of {Active + HeldSessions} held / {Active} of {Active}", among, alone, r => r.Decode);
    }
}
