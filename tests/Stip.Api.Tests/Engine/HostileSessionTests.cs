using Stip.Api.Engine;
using Stip.Api.Tests.Models;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine;

/// <summary>Callers that go, release and begin anew at the worst moment: between the encoder and the first row, while
/// a session is opened, in the middle of others' steps.</summary>
public sealed class HostileSessionTests : IDisposable
{
    private const string Owner = "alice";
    private readonly RealEngine _engine = new(new TinySequence { LeavesOut = true });
    private readonly WatchedRuntime _watched;

    public HostileSessionTests()
    {
        _engine.Options.Slots = 24;
        _watched = new WatchedRuntime(RealEngine.Runtime(_engine.Options));
        _engine.Watched = _watched;
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _watched.Dispose();
        _engine.Dispose();
    }

    [Fact]
    public async Task Caller_ThatGoesWhileItsSessionIsOpened_LeavesNone()
    {
        await using var host = _engine.Host();
        using var gone = new CancellationTokenSource();
        _watched.Hold();
        var first = Task.Run(() => LogitsAsync(host, null, 0, 1, gone.Token), Cancellation);
        _watched.Entered.Wait(Cancellation);
        await gone.CancelAsync();
        _watched.LetGo();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        Assert.Empty(await host.SessionsOfAsync(Owner, Cancellation));
    }

    [Fact]
    public async Task Session_ReleasedBetweenTheEncoderAndItsFirstRow_IsLostAndOthersGoOn()
    {
        await using var host = _engine.Host();
        var (id, _) = await LogitsAsync(host, null, 0, 1);
        var (other, expected) = await LogitsAsync(host, null, 0, 2);
        _watched.Hold();
        var again = Task.Run(() => RefusedAsync(host, id, 0, 3), Cancellation);
        _watched.Entered.Wait(Cancellation);
        var released = host.ReleaseAsync(Owner, id, Cancellation);
        _watched.LetGo();

        Assert.True(await released);
        Assert.Equal(StipErrorCode.SessionLost, await again);
        Assert.Equal(other, Assert.Single(await host.SessionsOfAsync(Owner, Cancellation)).Id);
        Assert.Equal(expected, (await LogitsAsync(host, null, 0, 2)).Logits);
    }

    [Fact]
    public async Task Caller_ThatGoesBetweenTheEncoderAndTheFirstRow_LeavesAnOldSessionAtItsStart()
    {
        await using var host = _engine.Host();
        var (id, expected) = await LogitsAsync(host, null, 0, 1);
        using var gone = new CancellationTokenSource();
        _watched.Hold();
        var again = Task.Run(() => LogitsAsync(host, id, 0, 2, gone.Token), Cancellation);
        _watched.Entered.Wait(Cancellation);
        await gone.CancelAsync();
        _watched.LetGo();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => again);
        Assert.Equal(StipErrorCode.PositionAhead, await RefusedAsync(host, id, 1, 1));
        Assert.Equal(expected, (await LogitsAsync(host, id, 0, 1)).Logits);
    }

    [Fact]
    public async Task Fork_OfASessionThatBeginsWithAnotherSource_KeepsTheFirst()
    {
        await using var host = _engine.Host();
        var (alone, _) = await LogitsAsync(host, null, 0, 1);
        var expected = (await LogitsAsync(host, alone, 1, 1)).Logits;
        var (id, _) = await LogitsAsync(host, null, 0, 1);
        Assert.True((await host.ForkAsync(Owner, id, null, null, Cancellation)).Is(out var fork, out _));

        await LogitsAsync(host, id, 0, 7);

        Assert.Equal(expected, (await LogitsAsync(host, fork.Id, 1, 1)).Logits);
        Assert.True(await host.ReleaseAsync(Owner, id, Cancellation));
        Assert.Equal(
            (await LogitsAsync(host, alone, 2, 1)).Logits, (await LogitsAsync(host, fork.Id, 2, 1)).Logits);
    }

    // Whatever they do to one another's sessions, nobody waits for ever, nothing is left, and the next user is served.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Callers_ThatForkReleaseAndGoAtRandom_LeaveTheEngineWhole(int seed)
    {
        const int Callers = 6;
        const int Actions = 60;
        await using var host = _engine.Host();
        var expected = (await LogitsAsync(host, null, 0, 11)).Logits;

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(
            async () =>
            {
                var random = new Random(seed * 100 + caller);
                for (var i = 0; i < Actions; i++)
                {
                    await ActAsync(host, random);
                }
            },
            Cancellation)));

        foreach (var session in await host.SessionsOfAsync(Owner, Cancellation))
        {
            Assert.True(await host.ReleaseAsync(Owner, session.Id, Cancellation));
        }

        Assert.Equal(0, host.SessionCount);
        Assert.Equal(expected, (await LogitsAsync(host, null, 0, 11)).Logits);
    }

    private async Task ActAsync(DecoderHost host, Random random)
    {
        var sessions = await host.SessionsOfAsync(Owner, Cancellation);
        var one = sessions.Count > 0 ? sessions[random.Next(sessions.Count)] : null;
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        if (random.Next(3) == 0)
        {
            gone.CancelAfter(TimeSpan.FromMicroseconds(random.Next(300)));
        }

        try
        {
            switch (one is null ? 0 : random.Next(5))
            {
                case 0:
                    await StepAsync(host, null, 0, random.Next(40), gone.Token);
                    break;
                case 1:
                    await StepAsync(host, one!.Id, 0, random.Next(40), gone.Token);
                    break;
                case 2:
                    await StepAsync(host, one!.Id, one.CachedTokens, random.Next(40), gone.Token);
                    break;
                case 3:
                    await host.ForkAsync(Owner, one!.Id, null, null, gone.Token);
                    break;
                default:
                    await host.ReleaseAsync(Owner, one!.Id, gone.Token);
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            // It has gone.
        }
    }

    private async Task<Refusal?> StepAsync(
        DecoderHost host, string? session, int position, int seed, CancellationToken cancellation)
    {
        if (position >= 40)
        {
            return null;
        }

        using var step = _engine.Step(session, position, 1, seed, false, 40);
        if (!(await host.StepAsync(Owner, step, cancellation)).Is(out var answer, out var refusal))
        {
            return refusal;
        }

        answer.Dispose();
        return null;
    }

    private async Task<StipErrorCode?> RefusedAsync(DecoderHost host, string session, int position, int seed) =>
        (await StepAsync(host, session, position, seed, Cancellation))?.Code;

    private async Task<(string Id, byte[] Logits)> LogitsAsync(
        DecoderHost host, string? session, int position, int seed, CancellationToken? cancellation = null)
    {
        using var step = _engine.Step(session, position, 1, seed, false, 40);
        var outcome = await host.StepAsync(Owner, step, cancellation ?? Cancellation);
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        using (answer)
        {
            return (answer.SessionId!, answer.Logits.ToArray());
        }
    }
}
