using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine.Loading;

/// <summary>Models in memory: loaded at use, unloaded for others or after a while, never while they run.</summary>
public sealed class LoadedGraphsTests
{
    private const long Megabyte = 1 << 20;
    private readonly FakeRuntime _runtime = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Model_ForWhichThereIsNoRoom_TakesThatOfTheLeastRecentlyUsed()
    {
        _runtime.Options.ModelMegabytes = 20;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        await using var two = _runtime.Host("two", 10 * Megabyte);
        await using var three = _runtime.Host("three", 10 * Megabyte);
        var session = await StepAsync(one);
        await StepAsync(two);
        // Used again: the other one is the older now.
        await StepAsync(one, session);
        await StepAsync(three);
        Assert.Equal((true, false, true), (one.IsLoaded, two.IsLoaded, three.IsLoaded));
        Assert.Equal(2, _runtime.Graphs.Count);

        await StepAsync(two);
        Assert.Equal((false, true, true), (one.IsLoaded, two.IsLoaded, three.IsLoaded));
        var lost = await one.RunAsync("alice", _runtime.Step(session, 2));
        Assert.Equal(StipErrorCode.SessionLost, lost.Refusal?.Code);
    }

    // What ran for long was used until it ended.
    [Fact]
    public async Task Model_WhoseStepEndedLast_KeepsItsRoom()
    {
        _runtime.Options.ModelMegabytes = 20;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        await using var two = _runtime.Host("two", 10 * Megabyte);
        await using var three = _runtime.Host("three", 10 * Megabyte);
        var session = await StepAsync(two);
        await StepAsync(one);
        _runtime.Decoder.BeforeRun = _ =>
        {
            _runtime.Decoder.BeforeRun = null;
            Task.Run(() => StepAsync(two, session)).GetAwaiter().GetResult();
            _runtime.Clock.Advance(TimeSpan.FromSeconds(1));
        };
        await StepAsync(one);

        await StepAsync(three);

        Assert.Equal((true, false, true), (one.IsLoaded, two.IsLoaded, three.IsLoaded));
    }

    [Fact]
    public async Task RunningModel_IsNeverUnloaded_AndWhoNeedsItsRoomWaits()
    {
        _runtime.Options.ModelMegabytes = 10;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        await using var two = _runtime.Host("two", 10 * Megabyte);
        await StepAsync(one);
        var running = RunHeld(one);
        var waiting = two.RunAsync("bob", _runtime.Step());
        await Task.Delay(100, Cancellation);
        Assert.Equal((true, false, true), (one.IsLoaded, two.IsLoaded, two.IsLoading));
        Assert.False(waiting.IsCompleted);
        _runtime.Decoder.LetGo();
        Assert.Null((await running).Refusal);
        Assert.Null((await waiting).Refusal);
        Assert.Equal((false, true), (one.IsLoaded, two.IsLoaded));
    }

    [Fact]
    public async Task Model_ThatIsLargerThanAllRoom_IsRefusedWithoutAWait()
    {
        _runtime.Options.ModelMegabytes = 10;
        await using var large = _runtime.Host("large", 20 * Megabyte);

        var refused = (await large.RunAsync("alice", _runtime.Step())).Refusal;

        Assert.Equal((StipErrorCode.ServerOverloaded, null), (refused?.Code, refused?.RetryAfter));
    }

    [Fact]
    public async Task RunningModel_ThatStaysBusy_LetsTheOtherBeRefusedInTime()
    {
        _runtime.Options.ModelMegabytes = 10;
        _runtime.Options.LoadWaitSeconds = 1;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        await using var two = _runtime.Host("two", 10 * Megabyte);
        await StepAsync(one);
        var running = RunHeld(one);
        var refused = (await two.RunAsync("bob", _runtime.Step())).Refusal;
        Assert.Equal(StipErrorCode.ServerOverloaded, refused?.Code);
        Assert.NotNull(refused?.RetryAfter);
        _runtime.Decoder.LetGo();
        Assert.Null((await running).Refusal);
    }

    [Fact]
    public async Task Model_ThatFits_WaitsForNoneThatDoesNot()
    {
        _runtime.Options.ModelMegabytes = 15;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        await using var two = _runtime.Host("two", 10 * Megabyte);
        await using var small = _runtime.Host("small", 5 * Megabyte);
        await StepAsync(one);
        var running = RunHeld(one);
        var waiting = two.RunAsync("bob", _runtime.Step());
        await Task.Delay(100, Cancellation);
        Assert.True(two.IsLoading);

        Assert.Null(await small.LoadAsync().WaitAsync(TimeSpan.FromSeconds(20), Cancellation));

        Assert.Equal((true, false, true), (one.IsLoaded, two.IsLoaded, small.IsLoaded));
        _runtime.Decoder.LetGo();
        Assert.Null((await running).Refusal);
        Assert.Null((await waiting).Refusal);
    }

    // At the start: none makes room for another that nobody has asked for either.
    [Fact]
    public async Task Models_ThatAreLoadedForNobody_TakeWhatIsFree()
    {
        _runtime.Options.ModelMegabytes = 20;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        await using var two = _runtime.Host("two", 10 * Megabyte);
        await using var three = _runtime.Host("three", 10 * Megabyte);

        Assert.Null(await one.LoadAsync());
        Assert.Null(await two.LoadAsync());
        Assert.Contains("10 MiB of 20", (await three.LoadAsync())?.Message, StringComparison.Ordinal);

        Assert.Equal((true, true, false), (one.IsLoaded, two.IsLoaded, three.IsLoaded));
        await StepAsync(three);
        Assert.True(three.IsLoaded);
    }

    // What is idle is worth nothing to a model that needs the room of a busy one as well.
    [Fact]
    public async Task IdleModel_WhoseRoomIsNotEnough_StaysUntilItIs()
    {
        _runtime.Options.ModelMegabytes = 20;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        await using var idle = _runtime.Host("idle", 5 * Megabyte);
        await using var large = _runtime.Host("large", 20 * Megabyte);
        await StepAsync(one);
        await StepAsync(idle);
        var running = RunHeld(one);
        var waiting = large.RunAsync("bob", _runtime.Step());
        await Task.Delay(100, Cancellation);
        Assert.Equal((true, true), (idle.IsLoaded, large.IsLoading));

        _runtime.Decoder.LetGo();
        Assert.Null((await running).Refusal);
        Assert.Null((await waiting).Refusal);
        Assert.Equal((false, false, true), (one.IsLoaded, idle.IsLoaded, large.IsLoaded));
    }

    [Fact]
    public async Task Model_ThatEndsWhileItWaitsForRoom_DoesSoAtOnce()
    {
        _runtime.Options.ModelMegabytes = 10;
        await using var one = _runtime.Host("one", 10 * Megabyte);
        var two = _runtime.Host("two", 10 * Megabyte);
        await StepAsync(one);
        var running = RunHeld(one);
        var waiting = two.RunAsync("bob", _runtime.Step());
        await Task.Delay(50, Cancellation);

        await two.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), Cancellation);

        Assert.Equal(StipErrorCode.SessionLost, (await waiting).Refusal?.Code);
        _runtime.Decoder.LetGo();
        Assert.Null((await running).Refusal);
        Assert.Equal(1, _runtime.Graphs.Count);
    }

    [Fact]
    public async Task Model_LargerThanTheBudget_IsRefusedWithBothSizes()
    {
        _runtime.Options.ModelMegabytes = 10;
        await using var host = _runtime.Host("big", 11 * Megabyte);
        var refused = (await host.RunAsync("alice", _runtime.Step())).Refusal;
        Assert.Contains("11 MiB of 10", refused?.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Model_ThatNobodyUsed_IsUnloadedAndLoadedAgain()
    {
        _runtime.Options.UnloadSeconds = 60;
        await using var host = _runtime.Host();
        await StepAsync(host);
        _runtime.Clock.Advance(TimeSpan.FromSeconds(59));
        await _runtime.Graphs.UnloadIdleAsync();
        Assert.True(host.IsLoaded);
        _runtime.Clock.Advance(TimeSpan.FromSeconds(1));
        await _runtime.Graphs.UnloadIdleAsync();
        Assert.False(host.IsLoaded);
        Assert.Equal(0, _runtime.Graphs.Count);
        Assert.Equal(0, _runtime.Decoder.Arenas);
        await StepAsync(host);
        Assert.True(host.IsLoaded);
    }

    // A step that runs until it is let go of; begun when this returns.
    private Task<Outcome<StepAnswer>> RunHeld(DecoderHost host)
    {
        _runtime.Decoder.Hold();
        _runtime.Decoder.Entered.Reset();
        var running = Task.Run(() => host.RunAsync("alice", _runtime.Step()), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        return running;
    }

    private async Task<string> StepAsync(DecoderHost host, string? session = null)
    {
        _runtime.Clock.Advance(TimeSpan.FromSeconds(1));
        var outcome = await host.RunAsync("alice", _runtime.Step(session, session is null ? 0 : 1));
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        using (answer)
        {
            return answer.SessionId!;
        }
    }
}
