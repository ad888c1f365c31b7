using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Engine.Caches;
using Stip.Api.Tests.Hosting;
using Stip.Api.Tests.Models;
using Stip.Protocol.Completions;
using Stip.Protocol.Models;
using Stip.Protocol.Packages;
using Stip.Protocol.Sessions;
using Stip.TestKit;

namespace Stip.Api.Tests.Engine;

/// <summary>Decoders that keep states of a fixed size: served = a bare loop that carries them on.</summary>
public sealed class StateDecoderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true)]
    [InlineData(false, false, false, true)]
    [InlineData(true, false, true, true)]
    [InlineData(false, true, false, true)]
    public async Task ServedSteps_AreThoseOfABareLoop(
        bool takesOneRow, bool givesLastRow, bool hasOneState = false, bool isSequenceFirst = false)
    {
        using var engine = new RealEngine(
            folder => new TinyStateDecoder(takesOneRow, givesLastRow, hasOneState, isSequenceFirst).WriteTo(folder));
        await using var host = engine.Host();
        using var bare = Bare(engine.GraphPath, isSequenceFirst);
        string? session = null;
        var position = 0;
        foreach (var rows in new[] { 5, 1, 3, 1 })
        {
            // A prompt of which all logits are wanted, of a graph that gives the last alone, runs row by row.
            using var step = engine.Step(session, position, rows, 3, true, 40);
            var outcome = await host.RunAsync("alice", step);
            Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
            using (answer)
            {
                byte[] expected = takesOneRow || givesLastRow
                    ? [.. Enumerable.Range(position, rows).SelectMany(row => bare.Step(row, 1, 3))]
                    : bare.Step(position, rows, 3);
                Assert.Equal(expected, answer.Logits.ToArray());
                (session, position) = (answer.SessionId, answer.Position);
            }
        }
    }

    // States say nothing of a length: sessions of any run together, but those that have none yet, or are to have none.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sessions_OfDifferentLengths_AreAsAlone(bool isSequenceFirst)
    {
        using var engine = new RealEngine(
            folder => new TinyStateDecoder(SequenceFirst: isSequenceFirst).WriteTo(folder));
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options));
        engine.Watched = watched;
        await using var host = engine.Host();
        var sessions = await PromptsAsync(engine, host, [3, 5, 1, 7, 2]);

        // What the first and the last had lies in their slots still.
        int[] positions = [0, 5, 1, 7, 0];
        var answers = await StepsAsync(engine, watched, host, sessions, positions);

        Assert.Equal(positions.Order(), watched.Runs[^1].Order());
        for (var i = 0; i < positions.Length; i++)
        {
            using var bare = Bare(engine.GraphPath, isSequenceFirst);
            if (positions[i] > 0)
            {
                bare.Step(0, positions[i], i + 1);
            }

            Assert.True(answers[i].Is(out var answer, out var refusal), refusal?.Message);
            Assert.Equal(bare.Step(positions[i], 1, i + 1), answer.Logits.ToArray());
        }
    }

    // Nothing is written into the slot between them: a state would be lost by it.
    [Fact]
    public async Task Sessions_WithOthersBetweenThem_RunTogether()
    {
        using var engine = new RealEngine(folder => new TinyStateDecoder().WriteTo(folder));
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options));
        engine.Watched = watched;
        await using var host = engine.Host();
        var lengths = Enumerable.Range(1, 12).ToArray();
        var sessions = await PromptsAsync(engine, host, lengths);
        int[] others = [.. lengths.Where(length => length % 2 == 1)];

        await StepsAsync(engine, watched, host, [.. others.Select(length => sessions[length - 1])], others);
        Assert.Equal(others, watched.Runs[^1].Order());

        using var next = engine.Step(sessions[1], 2, 1, 2, false, 40);
        Assert.True((await host.RunAsync("alice", next)).Is(out var answer, out _));
        using var bare = Bare(engine.GraphPath);
        bare.Step(0, 2, 2);
        Assert.Equal(bare.Step(2, 1, 2), answer.Logits.ToArray());
    }

    // A state is as large whatever the length of its session.
    [Fact]
    public void Sessions_OfAnyMostLength_HaveOneArena()
    {
        using var engine = new RealEngine(folder => new TinyStateDecoder().WriteTo(folder));
        using var decoder = RealEngine.Runtime().LoadDecoder(engine.Snapshot);
        using var pool = new SlotPool(
            decoder, engine.Snapshot with { ContextLength = 4096 },
            new CacheBudget(Options.Create(engine.Options)), slots: 4);

        Assert.True(pool.Find(10, TimeSpan.Zero).Is(out var small, out _));
        Assert.True(pool.Find(4096, TimeSpan.Zero).Is(out var large, out _));
        Assert.Same(large.Arena, small.Arena);
    }

    [Fact]
    public async Task PushedPackage_IsServedForkedAndRewoundToNothingAlone()
    {
        using var server = new ApiServer();
        using var folder = new TemporaryFolder();
        new TinyStateDecoder().WriteTo(folder.Path);
        using var pushed = await server.Caller().PushAsync(folder.Path);
        var model = await ApiCaller.ReadAsync<ModelObject>(pushed);
        Assert.Equal([new BoundedCache(1, 1)], model.Stip.BoundedCaches);
        using var bare = Bare(folder.At("model.onnx"));
        var prompt = bare.Step(0, 4, 3)[^(TinyDecoder.VocabSize * sizeof(float))..];
        var expected = bare.Step(4, 1, 3);
        var first = await server.Caller().StepAsync(
            new CompletionRequest("states", Steps.Rows(3, 0, 4), MaxLength: 20));
        using var forked = await server.Caller().PostAsync(
            $"/v1/permuted/sessions/{first.SessionId}/fork", new SessionForkRequest());
        var fork = await ApiCaller.ReadAsync<SessionObject>(forked);
        await server.Caller().StepAsync(Steps.Next(first, 9) with { Model = "states" });
        var next = await server.Caller().StepAsync(
            Steps.Next(first, 3) with { Model = "states", SessionId = fork.Id });
        Assert.Equal(expected, next.Choices[0].Logits.Data!.Value.ToArray());

        using var cut = await server.Caller().PostAsync(
            "/v1/permuted/completions", Steps.Next(first, 3) with { Model = "states" });
        await ApiCaller.RefusedAsync(cut, 410, "session_lost");
        var again = await server.Caller().StepAsync(
            new CompletionRequest("states", Steps.Rows(3, 0, 4), fork.Id, Position: 0));
        Assert.Equal(prompt, again.Choices[0].Logits.Data!.Value.ToArray());
    }

    // Session i has rows of seed i + 1.
    private static async Task<List<string>> PromptsAsync(RealEngine engine, DecoderHost host, int[] lengths)
    {
        var sessions = new List<string>();
        foreach (var (i, length) in lengths.Index())
        {
            using var prompt = engine.Step(null, 0, length, i + 1, false, 40);
            Assert.True((await host.RunAsync("alice", prompt)).Is(out var answer, out _));
            sessions.Add(answer.SessionId!);
        }

        return sessions;
    }

    // Steps of one row that waited for another, and so are there together.
    private static async Task<Outcome<StepAnswer>[]> StepsAsync(
        RealEngine engine, WatchedRuntime watched, DecoderHost host, List<string> sessions, int[] positions)
    {
        watched.Hold();
        using var other = engine.Step(null, 0, 2, 9, false, 40);
        var held = Task.Run(() => host.RunAsync("bob", other), Cancellation);
        watched.Entered.Wait(Cancellation);
        watched.Runs.Clear();
        var running = positions.Select((position, i) => host.RunAsync(
            "alice", engine.Step(sessions[i], position, 1, i + 1, false, 40), Cancellation)).ToArray();
        watched.LetGo();
        await held;
        return await Task.WhenAll(running);
    }

    private static BareSteps Bare(string path, bool isSequenceFirst = false) =>
        new(path, [("state", "new_state", [2, 1, TinyDecoder.HiddenSize])]) { SequenceFirst = isSequenceFirst };
}
