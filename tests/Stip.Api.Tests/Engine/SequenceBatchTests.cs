using Stip.Api.Engine;
using Stip.Api.Runtime;
using Stip.Api.Tests.Models;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine;

/// <summary>Sessions with sources of many lengths: a session's logits are the same bits alone and among others.
/// </summary>
public sealed class SequenceBatchTests
{
    private const int Users = 8;
    private const int Actions = 50;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1, false, true)]
    [InlineData(2, true, true)]
    [InlineData(3, false, false)]
    [InlineData(4, false, true, 2048)]
    public async Task Sessions_InRandomInterleavings_AnswerAsEachDoesAlone(
        int seed, bool isMerged, bool leavesOut, long mostInputBytes = GrowingStep.UsualInputBytes)
    {
        using var engine = new RealEngine(new TinySequence(IsMerged: isMerged) { LeavesOut = leavesOut });
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options, mostInputBytes));
        engine.Watched = watched;
        engine.Options.GatherMs = 2;
        engine.Options.Slots = 24;
        var alone = new List<IReadOnlyList<string>>();
        for (var user = 0; user < Users; user++)
        {
            await using var own = engine.Host();
            alone.Add(await new SessionScript(engine, own, seed * 100 + user).RunAsync(Actions, Cancellation));
        }

        await using var shared = engine.Host();
        var together = await Task.WhenAll(Enumerable.Range(0, Users).Select(user => Task.Run(
            () => new SessionScript(engine, shared, seed * 100 + user).RunAsync(Actions, Cancellation))));
        for (var user = 0; user < Users; user++)
        {
            Assert.Equal(alone[user], together[user]);
        }
    }

    [Fact]
    public async Task Rows_OfSeveralSessions_RunTogetherAndFirstStepsDoNot()
    {
        using var engine = new RealEngine(new TinySequence { LeavesOut = true });
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options));
        engine.Watched = watched;
        await using var host = engine.Host();
        var sessions = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            sessions.Add(await StepAsync(engine, host, null, 0, i));
        }

        // While one first step is held, everybody's next row comes to wait, and another first step.
        watched.Hold();
        var held = Task.Run(() => StepAsync(engine, host, null, 0, 7), Cancellation);
        watched.Entered.Wait(Cancellation);
        watched.Runs.Clear();
        var running = sessions.Select((id, i) => StepAsync(engine, host, id, 1, i))
            .Append(StepAsync(engine, host, null, 0, 9)).ToArray();
        watched.LetGo();
        await held;
        await Task.WhenAll(running);

        Assert.Contains(watched.Runs, run => run.SequenceEqual([1, 1, 1]));
        Assert.Contains(watched.Runs, run => run.SequenceEqual([0]));
    }

    // Nobody's token waits for more than an encoder or a first row, and nobody's source for all of another key's.
    [Fact]
    public async Task Sources_OfOneKey_LetRowsThroughInTheirMiddleAndOtherKeysSourcesInBetween()
    {
        using var engine = new RealEngine(new TinySequence { LeavesOut = true });
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options));
        engine.Watched = watched;
        await using var host = engine.Host();
        var session = await StepAsync(engine, host, null, 0, 5, "bob");
        watched.Turns.Clear();

        // The encoder is held at alice's first source while all others come.
        watched.Hold();
        var running = new List<Task> { Task.Run(() => StepAsync(engine, host, null, 0, 20), Cancellation) };
        watched.Entered.Wait(Cancellation);
        running.Add(StepAsync(engine, host, null, 0, 21));
        running.Add(StepAsync(engine, host, null, 0, 22));
        running.Add(StepAsync(engine, host, null, 0, 30, "carol"));
        running.Add(StepAsync(engine, host, session, 1, 5, "bob"));
        watched.LetGo();
        await Task.WhenAll(running);

        Assert.Equal(
            [
                "read 21", "run 1", "run 0", "read 22", "run 0", "read 31", "run 0", "read 23", "run 0",
            ],
            watched.Turns);
    }

    [Fact]
    public async Task FirstStep_ThatFailsOnAnOldSession_LeavesItAtItsStartAndUsable()
    {
        using var engine = new RealEngine(new TinySequence { LeavesOut = true });
        using var watched = new WatchedRuntime(RealEngine.Runtime(engine.Options));
        engine.Watched = watched;
        await using var host = engine.Host();
        var session = await StepAsync(engine, host, null, 0, 1);
        await StepAsync(engine, host, session, 1, 1);

        watched.Failure = new InvalidOperationException("the device is gone");
        await Assert.ThrowsAsync<InvalidOperationException>(() => StepAsync(engine, host, session, 0, 2));
        watched.Failure = null;

        // What it was about is gone with the rows that were rewound; it begins anew as a session of its own does.
        using var ahead = engine.Step(session, 1, 1, 1, false, 40);
        Assert.Equal(StipErrorCode.PositionAhead, (await host.StepAsync("alice", ahead, Cancellation)).Refusal?.Code);
        await StepAsync(engine, host, session, 0, 3);
        var other = await StepAsync(engine, host, null, 0, 3);
        Assert.Equal(
            await LogitsAsync(engine, host, other, 1, 3), await LogitsAsync(engine, host, session, 1, 3));
    }

    // A graph that counts what its mask leaves out keeps sources as long as they are.
    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void Decoder_LengthensSourcesWhereItLeavesOutWhatIsMasked(bool isMerged, bool leavesOut)
    {
        using var engine = new RealEngine(new TinySequence(IsMerged: isMerged) { LeavesOut = leavesOut });
        using var decoder = RealEngine.Runtime().LoadDecoder(engine.Snapshot);

        Assert.Equal(leavesOut, decoder.SourceBytes(17) == decoder.SourceBytes(32));
        var rowBytes = engine.Snapshot.Sequence!.Bytes(1, engine.Snapshot);
        Assert.Equal(leavesOut ? 64 : 33, decoder.SourceBytes(33) / rowBytes);
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(16, 16)]
    [InlineData(17, 32)]
    [InlineData(33, 64)]
    [InlineData(64, 64)]
    [InlineData(129, 256)]
    [InlineData(257, 384)]
    [InlineData(385, 512)]
    [InlineData(1024, 1024)]
    public void SourcePadding_OfALength_IsThatOfOthersOfAboutAsMuch(int rows, int kept) =>
        Assert.Equal(kept, SourcePadding.Rows(rows));

    [Fact]
    public void AlikeRows_GivesEachRowOnceWithThoseOfItsKey() =>
        Assert.Equal([[0, 2, 3], [1, 4], [5]], Groups(6));

    [Fact]
    public void AlikeRows_MoreThanThereIsRoomFor_AreGivenInTurns() =>
        Assert.Equal([[0, 2], [1, 4], [3], [5]], Groups(2));

    private static List<int[]> Groups(int room)
    {
        long[] keys = [5, 7, 5, 5, 7, 9];
        Span<bool> isDone = stackalloc bool[keys.Length];
        Span<int> group = stackalloc int[room];
        var groups = new List<int[]>();
        while (AlikeRows.Next(keys, isDone, group) is > 0 and var count)
        {
            groups.Add(group[..count].ToArray());
        }

        return groups;
    }

    private static async Task<byte[]> LogitsAsync(
        RealEngine engine, DecoderHost host, string session, int position, int seed)
    {
        using var step = engine.Step(session, position, 1, seed, false, 40);
        var outcome = await host.StepAsync("alice", step, Cancellation);
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        using (answer)
        {
            return answer.Logits.ToArray();
        }
    }

    private static async Task<string> StepAsync(
        RealEngine engine, DecoderHost host, string? session, int position, int seed, string owner = "alice")
    {
        using var step = engine.Step(session, position, 1, seed, false, 40);
        var outcome = await host.StepAsync(owner, step, Cancellation);
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        using (answer)
        {
            return answer.SessionId!;
        }
    }
}
