using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine;

public sealed class DecoderHostTests
{
    private readonly FakeRuntime _runtime = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SecondStep_WhileTheFirstRuns_FindsTheSessionBusy()
    {
        await using var host = _runtime.Host();
        var opened = await AnswerAsync(host.RunAsync("alice", _runtime.Step()));
        _runtime.Decoder.Hold();
        _runtime.Decoder.Entered.Reset();
        var first =
            Task.Run(() => host.RunAsync("alice", _runtime.Step(opened.SessionId, 1)), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        var second = await host.StepAsync("alice", _runtime.Step(opened.SessionId, 1), Cancellation);
        Assert.Equal(StipErrorCode.SessionBusy, second.Refusal?.Code);

        var stranger = host.RunAsync("mallory", _runtime.Step(opened.SessionId, 1));
        _runtime.Decoder.LetGo();
        Assert.Equal(StipErrorCode.SessionLost, (await stranger).Refusal?.Code);
        Assert.Equal(2, (await AnswerAsync(first)).Position);
        Assert.Equal(
            3, (await AnswerAsync(host.RunAsync("alice", _runtime.Step(opened.SessionId, 2)))).Position);
    }

    [Fact]
    public async Task Load_ThatFailsBehindItsGraph_LeavesNoGraphInMemory()
    {
        _runtime.RowsOf = _ => throw new IOException("the file is gone");
        await using var host = _runtime.Host();

        await Assert.ThrowsAsync<IOException>(() => host.RunAsync("alice", _runtime.Step()));

        Assert.True(_runtime.Decoder.IsDisposed);
        Assert.Equal(0, _runtime.Graphs.Count);
    }

    // Whatever its cache has room for.
    [Fact]
    public async Task Step_OfMoreTokensThanTheDecoderCanRun_IsRefused()
    {
        _runtime.Decoder.MostTokens = 3;
        await using var host = _runtime.Host();
        var opened = await AnswerAsync(host.RunAsync("alice", _runtime.Step(rows: 3)));

        var refusal = (await host.RunAsync("alice", _runtime.Step(opened.SessionId, 3))).Refusal;

        Assert.Equal(StipErrorCode.ContextLengthExceeded, refusal?.Code);
        Assert.Equal("4 tokens are more than the 3 that this session can hold", refusal?.Message);
        Assert.Equal(3, (await AnswerAsync(host.RunAsync("alice", _runtime.Step(opened.SessionId, 2)))).Position);
    }

    [Fact]
    public async Task FailedStep_LeavesTheSessionWhereItWas()
    {
        await using var host = _runtime.Host();
        var opened = await AnswerAsync(host.RunAsync("alice", _runtime.Step(rows: 3)));
        _runtime.Decoder.Failure = new InvalidOperationException("the device is gone");
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => host.RunAsync("alice", _runtime.Step(opened.SessionId, 3)));
        await Assert.ThrowsAsync<InvalidOperationException>(
            () => host.RunAsync("alice", _runtime.Step()));
        _runtime.Decoder.Failure = null;
        Assert.Equal(
            4, (await AnswerAsync(host.RunAsync("alice", _runtime.Step(opened.SessionId, 3)))).Position);
        Assert.Single(await host.SessionsOfAsync("alice", Cancellation));
    }

    [Fact]
    public async Task CancelledStep_ThatHadNotBegun_NeverRuns()
    {
        await using var host = _runtime.Host();
        var opened = await AnswerAsync(host.RunAsync("alice", _runtime.Step()));
        _runtime.Decoder.Hold();
        _runtime.Decoder.Entered.Reset();
        var running = Task.Run(() => host.RunAsync("bob", _runtime.Step()), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        using var gone = new CancellationTokenSource();
        var waiting = host.RunAsync("alice", _runtime.Step(opened.SessionId, 1), gone.Token);
        await gone.CancelAsync();
        _runtime.Decoder.LetGo();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await running;
        Assert.Equal(1, Assert.Single(await host.SessionsOfAsync("alice", Cancellation)).CachedTokens);
    }

    [Fact]
    public async Task Queue_WhenFull_RefusesInsteadOfGrowing()
    {
        _runtime.Options.QueueLength = 2;
        await using var host = _runtime.Host();
        await host.LoadAsync();
        _runtime.Decoder.Hold();
        var running = Task.Run(() => host.RunAsync("alice", _runtime.Step()), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        var waiting =
            new[] { "bob", "dave" }.Select(owner => host.RunAsync(owner, _runtime.Step())).ToArray();
        var refused = (await host.StepAsync("carol", _runtime.Step(), Cancellation)).Refusal;
        Assert.Equal(StipErrorCode.ServerOverloaded, refused?.Code);
        Assert.NotNull(refused?.RetryAfter);
        _runtime.Decoder.LetGo();
        await running;
        Assert.All(await Task.WhenAll(waiting), outcome => Assert.Null(outcome.Refusal));
    }

    [Fact]
    public async Task Queue_ThatOneOwnerFills_HasPlacesForOthers()
    {
        _runtime.Options.QueueLength = 8;
        await using var host = _runtime.Host();
        await host.LoadAsync();
        _runtime.Decoder.Hold();
        var running = Task.Run(() => host.RunAsync("alice", _runtime.Step()), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        var waiting = Enumerable.Range(0, 8).Select(_ => host.RunAsync("alice", _runtime.Step())).ToArray();

        var other = host.RunAsync("bob", _runtime.Step());

        _runtime.Decoder.LetGo();
        await AnswerAsync(other);
        await running;
        var refused = (await Task.WhenAll(waiting)).Select(outcome => outcome.Refusal).OfType<Refusal>().ToArray();
        Assert.Equal(4, refused.Length);
        Assert.All(refused, refusal => Assert.Equal(
            "4 steps of this key are waiting already, and 4 places are left for others", refusal.Message));

        // What has run leaves its place.
        await AnswerAsync(host.RunAsync("alice", _runtime.Step()));
    }

    [Fact]
    public async Task Disposal_AnswersWhatWaitsAndReleasesEverything()
    {
        var host = _runtime.Host();
        var opened = await AnswerAsync(host.RunAsync("alice", _runtime.Step()));
        _runtime.Decoder.Hold();
        _runtime.Decoder.Entered.Reset();
        var running =
            Task.Run(() => host.RunAsync("alice", _runtime.Step(opened.SessionId, 1)), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        var disposal = host.DisposeAsync();
        var late = host.RunAsync("bob", _runtime.Step());
        _runtime.Decoder.LetGo();
        Assert.Equal(2, (await AnswerAsync(running)).Position);
        await disposal;
        Assert.Equal(StipErrorCode.SessionLost, (await late).Refusal?.Code);
        Assert.Equal(0, _runtime.Decoder.Arenas);
        Assert.True(_runtime.Decoder.IsDisposed);
    }

    [Fact]
    public async Task CacheMemory_TooSmallForASession_NamesBothSizes()
    {
        var bytes = _runtime.Decoder.SlotBytes(512);
        Assert.True(bytes < 1 << 20);
        await using var host = _runtime.Host();
        Assert.Null((await host.OpenAsync("alice", 512, Cancellation)).Refusal);
        Assert.Null((await host.OpenAsync("bob", 448, Cancellation)).Refusal);
        var refused = (await host.OpenAsync("carol", 512, Cancellation)).Refusal;
        Assert.Equal(StipErrorCode.ServerOverloaded, refused?.Code);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task CacheMemory_ThatCannotBeHadAtOnce_IsTakenByHalves(bool commitsOnUse)
    {
        _runtime.Decoder.CommitsOnUse = commitsOnUse;
        _runtime.Decoder.MostSlots = 2;
        await using var host = _runtime.Host();
        Assert.Null((await host.OpenAsync("alice", 64, Cancellation)).Refusal);
        Assert.Null((await host.OpenAsync("bob", 64, Cancellation)).Refusal);
        Assert.Equal(1, _runtime.Decoder.Arenas);
        _runtime.Decoder.MostSlots = 0;
        Assert.Equal(
            StipErrorCode.ServerOverloaded, (await host.OpenAsync("carol", 512, Cancellation)).Refusal?.Code);
    }

    [Fact]
    public async Task IdleCaches_OfAnotherLength_MakeRoom()
    {
        await using var host = _runtime.Host();
        var opened = await host.OpenAsync("alice", 512, Cancellation);
        Assert.True(opened.Is(out var session, out _));
        Assert.True(await host.ReleaseAsync("alice", session.Id, Cancellation));
        foreach (var _ in Enumerable.Range(0, 8))
        {
            Assert.Null((await host.OpenAsync("bob", 64, Cancellation)).Refusal);
        }

        // 8 slots of 128 tokens are all the memory there is: the arena of the long ones went.
        Assert.Equal(1, _runtime.Decoder.Arenas);
        Assert.Equal(
            StipErrorCode.ServerOverloaded, (await host.OpenAsync("bob", 64, Cancellation)).Refusal?.Code);
    }

    [Fact]
    public async Task RowsThatWait_RunTogether_AndAPromptInChunksBetweenThem()
    {
        _runtime.Options.PrefillChunk = 16;
        await using var host = _runtime.Host();
        var opened = new List<StepAnswer>();
        foreach (var owner in new[] { "alice", "bob", "carol", "dave" })
        {
            opened.Add(await AnswerAsync(host.RunAsync(owner, _runtime.Step())));
        }

        _runtime.Decoder.Runs.Clear();
        _runtime.Decoder.Hold();
        _runtime.Decoder.Entered.Reset();
        var first = Task.Run(
            () => host.RunAsync("dave", _runtime.Step(opened[3].SessionId, 1)), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        var prompt = host.RunAsync("erin", _runtime.Step(rows: 40));
        var rows = new[] { "alice", "bob", "carol" }
            .Select((owner, i) => host.RunAsync(owner, _runtime.Step(opened[i].SessionId, 1))).ToArray();
        _runtime.Decoder.LetGo();
        Assert.Equal(2, (await AnswerAsync(first)).Position);
        Assert.Equal(40, (await AnswerAsync(prompt)).Position);
        Assert.All(await Task.WhenAll(rows), outcome => Assert.Null(outcome.Refusal));
        Assert.Equal([(1, 1), (1, 16), (3, 1), (1, 16), (1, 8)], _runtime.Decoder.Runs);
    }

    [Fact]
    public async Task Disposal_WhereTheDeviceIsLost_EndsNevertheless()
    {
        var host = _runtime.Host();
        await AnswerAsync(host.RunAsync("alice", _runtime.Step(rows: 3)));
        _runtime.Decoder.ClearFailure = new InvalidOperationException("the device is gone");
        await host.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancellation);
        Assert.True(_runtime.Decoder.IsDisposed);
        Assert.Equal(
            StipErrorCode.SessionLost, (await host.RunAsync("alice", _runtime.Step())).Refusal?.Code);
    }

    [Fact]
    public async Task Rewound_Session_IsZeroedAsFarAsItEverReached()
    {
        await using var host = _runtime.Host();
        var opened = await AnswerAsync(host.RunAsync("alice", _runtime.Step(rows: 40)));
        await AnswerAsync(host.RunAsync("alice", _runtime.Step(opened.SessionId, 2)));
        Assert.True(await host.ReleaseAsync("alice", opened.SessionId!, Cancellation));
        Assert.Equal(40, _runtime.Decoder.Cleared);
    }

    private static async Task<StepAnswer> AnswerAsync(Task<Outcome<StepAnswer>> step)
    {
        var outcome = await step;
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        return answer;
    }
}
