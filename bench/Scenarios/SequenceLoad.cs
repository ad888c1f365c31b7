using System.Diagnostics;
using Stip.Bench.Serving;
using Stip.Client.Generation;

namespace Stip.Bench.Scenarios;

/// <summary>Sessions of an encoder and a decoder that begin and decode at once, each as fast as its answers come.
/// </summary>
/// <param name="served">Where.</param>
/// <param name="sourceTokens">Of each source; all as long, so that all sessions may share runs.</param>
/// <param name="tokens">To decode in each session.</param>
/// <param name="cancellationToken">Ends it.</param>
internal sealed class SequenceLoad(
    ServedPair served, int sourceTokens, int tokens, CancellationToken cancellationToken)
{
    private const int WarmUpTokens = 4;

    public StipModel Model => served.Protected;

    public int SourceTokens => sourceTokens;

    /// <summary>Reads a source in each session, and decodes.</summary>
    /// <returns>Tokens a second of all together: of sources until the last first answer, and decoded.</returns>
    public async Task<Rates> RunAsync(int sessions)
    {
        var begin = Stopwatch.GetTimestamp();
        await using var open = await OpenAsync(served.Protected, sessions, sourceTokens);
        var reading = Stopwatch.GetElapsedTime(begin).TotalSeconds;
        var from = open.Sessions[0].Position;
        await SessionLoad.AppendAsync(open.Sessions, from, WarmUpTokens, cancellationToken);
        var cpu = CpuMeter.Start(served.Server);
        var start = Stopwatch.GetTimestamp();
        await SessionLoad.AppendAsync(open.Sessions, from + WarmUpTokens, tokens, cancellationToken);
        var seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var (client, server) = cpu.PerToken(sessions * tokens);
        return new Rates(sessions * sourceTokens / reading, sessions * tokens / seconds)
        {
            ClientMs = client,
            ServerMs = server,
        };
    }

    /// <summary>Opens sessions that have read a source each.</summary>
    public async Task<SessionGroup> OpenAsync(StipModel model, int sessions, int length)
    {
        var group = new SessionGroup();
        var start = model.StartIds();
        for (var i = 0; i < sessions; i++)
        {
            group.Add(model.OpenSession(
                SessionLoad.Ids(model, i, 0, length), start.Length + WarmUpTokens + tokens));
        }

        await Task.WhenAll(group.Sessions.Select(session => session.AppendAsync(
            start, topK: 1, cancellationToken: cancellationToken)));
        return group;
    }
}
