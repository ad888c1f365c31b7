using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine;

/// <summary>A session whose step waits or runs, its first one included, is nobody else's: no lease ends it, no other
/// key gets its place, no second step comes between.</summary>
public sealed class HeldSessionTests
{
    private const int Rows = 40;
    private readonly FakeRuntime _runtime = new();
    private int _runs;

    public HeldSessionTests()
    {
        _runtime.Options.PrefillChunk = 16;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FirstStep_ThatRunsForLong_YieldsItsSessionToNobody()
    {
        _runtime.Options.Slots = 2;
        await using var host = _runtime.Host();
        Task<Outcome<SessionSnapshot>>? taken = null;
        AtRun(4, () =>
        {
            _runtime.Clock.Advance(TimeSpan.FromSeconds(_runtime.Options.YieldSeconds + 1));
            taken = host.OpenAsync("bob", 64, Cancellation);
        });

        // The second is there before the first one ends: an idle session would be yielded.
        using var isRunning = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        AtRun(1, () =>
        {
            isRunning.Set();
            goOn.Wait(Cancellation);
        });
        var first = Task.Run(() => host.RunAsync("alice", _runtime.Step(rows: Rows)), Cancellation);
        isRunning.Wait(Cancellation);
        var second = host.RunAsync("alice", _runtime.Step(rows: Rows));
        goOn.Set();

        Assert.All(await Task.WhenAll(first, second), outcome => Assert.Equal(Rows, Position(outcome)));
        Assert.Equal(StipErrorCode.ServerOverloaded, (await taken!).Refusal?.Code);
        Assert.Equal(2, (await host.SessionsOfAsync("alice", Cancellation)).Count);
    }

    [Fact]
    public async Task SecondStep_OnASessionWhoseFirstStepRuns_FindsItBusy()
    {
        await using var host = _runtime.Host();
        Task<IReadOnlyList<SessionSnapshot>>? listed = null;
        AtRun(1, () => listed = host.SessionsOfAsync("alice", Cancellation));
        Task<Outcome<StepAnswer>>? second = null;
        AtRun(2, () =>
        {
            var session = Assert.Single(listed!.GetAwaiter().GetResult());
            second = host.RunAsync("alice", _runtime.Step(session.Id, rows: 2));
        });

        var first = await host.RunAsync("alice", _runtime.Step(rows: Rows));

        Assert.Equal(Rows, Position(first));
        Assert.Equal(StipErrorCode.SessionBusy, (await second!).Refusal?.Code);
        Assert.True(first.Is(out var opened, out _));
        Assert.Equal(Rows + 1, Position(await host.RunAsync("alice", _runtime.Step(opened.SessionId, Rows))));
    }

    [Fact]
    public async Task Lease_ThatEndsWhileAStepRuns_EndsNoSession()
    {
        await using var host = _runtime.Host();
        Task? expired = null;
        AtRun(2, () => expired = ExpireAsync(host));

        var first = await host.RunAsync("alice", _runtime.Step(rows: Rows));

        Assert.Equal(Rows, Position(first));
        await expired!;
        Assert.True(first.Is(out var opened, out _));
        Assert.Equal(Rows + 1, Position(await host.RunAsync("alice", _runtime.Step(opened.SessionId, Rows))));

        // From its last answer on it is as any other.
        await ExpireAsync(host);
        Assert.Empty(await host.SessionsOfAsync("alice", Cancellation));
    }

    [Fact]
    public async Task Lease_ThatEndsWhileAStepWaits_EndsNoSession()
    {
        await using var host = _runtime.Host();
        Assert.True((await host.RunAsync("alice", _runtime.Step())).Is(out var opened, out _));
        _runtime.Decoder.Hold();
        _runtime.Decoder.Entered.Reset();
        var running = Task.Run(() => host.RunAsync("bob", _runtime.Step()), Cancellation);
        _runtime.Decoder.Entered.Wait(Cancellation);
        var waiting = host.RunAsync("alice", _runtime.Step(opened.SessionId, 1));
        var expired = ExpireAsync(host);
        _runtime.Decoder.LetGo();

        Assert.Equal(2, Position(await waiting));
        Assert.Equal(1, Position(await running));
        await expired;
    }

    [Fact]
    public async Task Release_OfASessionWhoseStepOutlastsItsLease_IsNoLessARelease()
    {
        await using var host = _runtime.Host();
        Task<IReadOnlyList<SessionSnapshot>>? listed = null;
        AtRun(1, () => listed = host.SessionsOfAsync("alice", Cancellation));
        Task<bool>? released = null;
        AtRun(2, () =>
        {
            _ = ExpireAsync(host);
            released = host.ReleaseAsync("alice", listed!.GetAwaiter().GetResult()[0].Id, Cancellation);
        });

        var first = await host.RunAsync("alice", _runtime.Step(rows: Rows));

        Assert.Equal(StipErrorCode.SessionLost, first.Refusal?.Code);
        Assert.True(await released!);
    }

    private static int? Position(Outcome<StepAnswer> outcome) =>
        outcome.Is(out var answer, out var refusal) ? answer.Position : throw new InvalidOperationException(
            refusal.Message);

    private Task ExpireAsync(DecoderHost host)
    {
        _runtime.Clock.Advance(TimeSpan.FromSeconds(_runtime.Options.LeaseSeconds + 1));
        return host.ExpireAsync();
    }

    // On the loop's thread, before the run of that number, counted from now: what is asked there is heard after it.
    private void AtRun(int number, Action act)
    {
        var before = _runtime.Decoder.BeforeRun;
        _runtime.Decoder.BeforeRun = rows =>
        {
            before?.Invoke(rows);
            if (before is null)
            {
                _runs++;
            }

            if (_runs == number)
            {
                act();
            }
        };
    }
}
