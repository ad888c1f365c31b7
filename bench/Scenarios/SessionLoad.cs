using System.Diagnostics;
using Stip.Bench.Serving;
using Stip.Client.Generation;

namespace Stip.Bench.Scenarios;

/// <summary>Sessions that decode at once, each as fast as its answers come.</summary>
internal static class SessionLoad
{
    public const int PromptTokens = 32;
    public const int WarmUpTokens = 8;

    /// <summary>Opens sessions, fills them, and decodes.</summary>
    /// <returns>Tokens a second of all together.</returns>
    public static async Task<Rates> DecodeAsync(
        BenchServer server, StipModel model, int sessions, int tokens, CancellationToken cancellationToken)
    {
        await using var open = await OpenAsync(
            model, sessions, PromptTokens + WarmUpTokens + tokens, PromptTokens, cancellationToken);
        await AppendAsync(open.Sessions, PromptTokens, WarmUpTokens, cancellationToken);
        var cpu = CpuMeter.Start(server);
        var start = Stopwatch.GetTimestamp();
        await AppendAsync(open.Sessions, PromptTokens + WarmUpTokens, tokens, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var (client, servers) = cpu.PerToken(sessions * tokens);
        return new Rates(0, sessions * tokens / seconds) { ClientMs = client, ServerMs = servers };
    }

    /// <summary>Opens sessions and sends each a prompt.</summary>
    public static async Task<SessionGroup> OpenAsync(
        StipModel model, int sessions, int maxLength, int promptTokens, CancellationToken cancellationToken)
    {
        var group = new SessionGroup();
        for (var i = 0; i < sessions; i++)
        {
            group.Add(model.OpenSession(maxLength));
        }

        await Task.WhenAll(group.Sessions.Select((session, i) => session.AppendAsync(
            Ids(model, i, 0, promptTokens), topK: 1, cancellationToken: cancellationToken)));
        return group;
    }

    /// <summary>Decodes tokens in every session, all at once.</summary>
    public static Task AppendAsync(
        IReadOnlyList<StipSession> sessions, int from, int count, CancellationToken cancellationToken) =>
        Task.WhenAll(sessions.Select((session, i) => Task.Run(
            async () =>
            {
                for (var at = from; at < from + count; at++)
                {
                    await session.AppendAsync(new[] { Id(i, at) }, topK: 1, cancellationToken: cancellationToken);
                }
            },
            cancellationToken)));

    /// <summary>Arbitrary tokens that are the same in every run.</summary>
    public static int[] Ids(StipModel model, int session, int from, int count) =>
        [.. Enumerable.Range(from, count).Select(at => Id(session, at) % model.Bundle.Manifest.VocabSize)];

    private static int Id(int session, int at) => (at * 37 + session * 11) % 1021;
}
