using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Stip.Bench.Measuring;
using Stip.Client.Generation;
using Stip.Onnx.Packages;
using Stip.Protocol;

namespace Stip.Bench.Scenarios;

/// <summary>Many sessions at once: what serving keeps of the bare runtime, and what batching wins.</summary>
internal static class LoadComparisons
{
    private const int PromptTokens = 32;
    private const int HeldSessions = 240;
    private const int WarmUpTokens = 16;

    public static async IAsyncEnumerable<Comparison> RunAsync(
        ServedPair served, BenchPlan plan, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var manifest = JsonSerializer.Deserialize<ExportManifest>(
            await File.ReadAllTextAsync(
                Path.Combine(served.ExportedFolder, ExportManifest.FileName), cancellationToken), StipJson.File)!;
        var graph = Path.Combine(served.ExportedFolder, manifest.Graphs["decoder"].File);
        foreach (var sessions in plan.Sessions)
        {
            using var bare = new BareBatch(graph, sessions, PromptTokens + plan.Tokens);
            Task<Rates> Http() => DecodeAsync(served.OverHttp, sessions, plan.Tokens, cancellationToken);
            Task<Rates> Stream() => DecodeAsync(served.Protected, sessions, plan.Tokens, cancellationToken);
            Task<Rates> Bare() => Task.FromResult(new Rates(0, bare.Decode(PromptTokens, plan.Tokens)));

            var (first, second) = await Comparisons.InterleaveAsync(Http, Bare, plan.Pairs);
            yield return Comparison.Of($"HTTP / bare, {sessions} sessions", first, second, r => r.Decode);
            (first, second) = await Comparisons.InterleaveAsync(Stream, Bare, plan.Pairs);
            yield return Comparison.Of($"WebSocket / bare, {sessions} sessions", first, second, r => r.Decode);
        }

        Task<Rates> Of(int sessions) => DecodeAsync(served.Protected, sessions, plan.Tokens, cancellationToken);
        var (many, one) = await Comparisons.InterleaveAsync(() => Of(16), () => Of(1), plan.Pairs);
        yield return Comparison.Of("16 sessions / 1 session, WebSocket", many, one, r => r.Decode);

        var alone = new List<Rates>();
        for (var i = 0; i < plan.Pairs; i++)
        {
            alone.Add(await Of(16));
        }

        await using var held = await HeldSessionsAsync(served.Protected, cancellationToken);
        var among = new List<Rates>();
        await Of(16);
        for (var i = 0; i < plan.Pairs; i++)
        {
            among.Add(await Of(16));
        }

        yield return Comparison.Of($"16 active of {16 + HeldSessions} held / 16 of 16", among, alone, r => r.Decode);
    }

    private static async Task<Rates> DecodeAsync(
        StipModel model, int sessions, int tokens, CancellationToken cancellationToken)
    {
        var vocab = model.Bundle.Manifest.VocabSize;
        var length = PromptTokens + WarmUpTokens + tokens;
        var open = Enumerable.Range(0, sessions).Select(_ => model.OpenSession(length)).ToArray();
        try
        {
            await Task.WhenAll(open.Select((session, i) => session.AppendAsync(
                Ids(i, 0, PromptTokens, vocab), topK: 1, cancellationToken: cancellationToken)));
            await AllAsync(WarmUpTokens, PromptTokens);
            var start = Stopwatch.GetTimestamp();
            await AllAsync(tokens, PromptTokens + WarmUpTokens);
            return new Rates(0, sessions * tokens / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        finally
        {
            foreach (var session in open)
            {
                await session.DisposeAsync();
            }
        }

        Task AllAsync(int count, int from) => Task.WhenAll(open.Select((session, i) => Task.Run(
            async () =>
            {
                for (var at = from; at < from + count; at++)
                {
                    await session.AppendAsync(Ids(i, at, 1, vocab), topK: 1, cancellationToken: cancellationToken);
                }
            },
            cancellationToken)));
    }

    private static async Task<IAsyncDisposable> HeldSessionsAsync(StipModel model, CancellationToken cancellationToken)
    {
        var held = new SessionGroup();
        for (var i = 0; i < HeldSessions; i++)
        {
            var session = model.OpenSession(PromptTokens + 1);
            await session.AppendAsync(
                Ids(i, 0, PromptTokens, model.Bundle.Manifest.VocabSize), 1, cancellationToken: cancellationToken);
            held.Add(session);
        }

        return held;
    }

    private static int[] Ids(int session, int from, int count, int vocab) =>
        [.. Enumerable.Range(from, count).Select(i => (i * 37 + session * 11) % vocab)];
}
