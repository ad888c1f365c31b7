using Stip.Api.Engine.Caches;
using Stip.Api.Tests.Models;

namespace Stip.Api.Tests.Engine;

/// <summary>The engine's law: a session's logits are the same bits alone and among others.</summary>
public sealed class BatchedIsAloneTests
{
    private const int Users = 9;
    private const int Actions = 60;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, 2, CacheLayouts.Shared, false)]
    [InlineData(2, 2, CacheLayouts.Shared, false)]
    [InlineData(3, 0, CacheLayouts.Shared, false)]
    [InlineData(4, 2, CacheLayouts.Growing, false)]
    [InlineData(5, 2, CacheLayouts.Shared, true)]
    [InlineData(6, 2, CacheLayouts.Shared, false, 12, 5)]
    [InlineData(7, 2, CacheLayouts.Shared, false, 4, 16)]
    [InlineData(8, 2, CacheLayouts.Shared, false, 0, 0, 256)]
    [InlineData(9, 0, CacheLayouts.Shared, false, 12, 5, 256)]
    public async Task Sessions_InRandomInterleavings_AnswerAsEachDoesAlone(
        int seed,
        int gatherMs,
        string layout,
        bool mixesRows,
        int window = 0,
        int spare = 0,
        int length = TinyDecoder.ContextLength)
    {
        using var engine = new RealEngine(layout, mixesRows, window: window, length: length);
        engine.Options.SpareTokens = spare;
        // Whether a cancelled step ran is seen where a bounded cache let something go for it.
        var cancels = window == 0;
        engine.Options.GatherMs = gatherMs;
        engine.Options.Slots = 24;
        var alone = new List<IReadOnlyList<string>>();
        for (var user = 0; user < Users; user++)
        {
            await using var own = engine.Host();
            alone.Add(await new SessionScript(engine, own, seed * 100 + user, cancels).RunAsync(Actions, Cancellation));
        }

        await using var shared = engine.Host();
        var together = await Task.WhenAll(Enumerable.Range(0, Users).Select(user => Task.Run(
            () => new SessionScript(engine, shared, seed * 100 + user, cancels).RunAsync(Actions, Cancellation))));
        for (var user = 0; user < Users; user++)
        {
            Assert.Equal(alone[user], together[user]);
        }
    }

    [Fact]
    public async Task ActiveSessions_ScatteredAmongHeldOnes_AreBroughtTogetherAndStayExact()
    {
        using var engine = new RealEngine();
        engine.Options.Slots = 32;
        await using var host = engine.Host();
        var sessions = new List<string>();
        for (var i = 0; i < 32; i++)
        {
            sessions.Add(await AppendAsync(engine, host, null, 0, 5, i));
        }

        int[] active = [1, 7, 13, 20, 29, 31];
        for (var position = 5; position < 15; position++)
        {
            var at = position;
            await Task.WhenAll(active.Select(i => Task.Run(
                () => AppendAsync(engine, host, sessions[i], at, 1, i), Cancellation)));
        }

        // What was moved, and what was only held, goes on as a session of its own would.
        for (var i = 0; i < 32; i++)
        {
            await using var own = engine.Host();
            var position = active.Contains(i) ? 15 : 5;
            var lone = await AppendAsync(engine, own, null, 0, 5, i);
            for (var at = 5; at < position; at++)
            {
                await AppendAsync(engine, own, lone, at, 1, i);
            }

            Assert.Equal(
                await LogitsAsync(engine, own, lone, position, i),
                await LogitsAsync(engine, host, sessions[i], position, i));
        }
    }

    [Fact]
    public async Task ThousandSessions_OpenAtOnce_AreAllAnswered()
    {
        const int Sessions = 1000;
        using var engine = new RealEngine();
        engine.Options.Slots = Sessions;
        engine.Options.QueueLength = 2 * Sessions;
        await using var host = engine.Host();
        var opened = await Task.WhenAll(Enumerable.Range(0, Sessions).Select(
            i => AppendAsync(engine, host, null, 0, 2, i)));
        var again = await Task.WhenAll(opened.Select((id, i) => AppendAsync(engine, host, id, 2, 1, i)));
        Assert.Equal(opened, again);
        Assert.Equal(Sessions, again.Distinct().Count());
    }

    private static async Task<string> AppendAsync(
        RealEngine engine, Stip.Api.Engine.DecoderHost host, string? session, int position, int rows, int seed)
    {
        using var step = engine.Step(session, position, rows, seed, false, 40);
        var outcome = await host.StepAsync("alice", step, Cancellation);
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        using (answer)
        {
            return answer.SessionId!;
        }
    }

    private static async Task<byte[]> LogitsAsync(
        RealEngine engine, Stip.Api.Engine.DecoderHost host, string session, int position, int seed)
    {
        using var step = engine.Step(session, position, 1, seed, false, 40);
        var outcome = await host.StepAsync("alice", step, Cancellation);
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        using (answer)
        {
            return answer.Logits.ToArray();
        }
    }
}
