using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine;

/// <summary>One key may hold every session of a model until another one wants some.</summary>
public sealed class FairSlotsTests
{
    private readonly FakeRuntime _runtime = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task KeyThatHoldsEverything_YieldsWhatItLeftAloneForLongest_UntilBothHaveAsMuch()
    {
        _runtime.Options.Slots = 4;
        await using var host = _runtime.Host();
        var held = new List<string>();
        for (var i = 0; i < 4; i++)
        {
            held.Add(await OpenAsync(host, "alice"));
            _runtime.Clock.Advance(TimeSpan.FromSeconds(1));
        }

        // Used again: not the one that was left alone for longest any more.
        await StepAsync(host, "alice", held[0]);
        Assert.Equal(StipErrorCode.ServerOverloaded, (await RefusedAsync(host, "alice"))?.Code);
        _runtime.Clock.Advance(TimeSpan.FromSeconds(5));

        await OpenAsync(host, "bob");
        await OpenAsync(host, "bob");
        Assert.Equal(StipErrorCode.ServerOverloaded, (await RefusedAsync(host, "bob"))?.Code);
        Assert.Equal(StipErrorCode.ServerOverloaded, (await RefusedAsync(host, "alice"))?.Code);
        var left = (await host.SessionsOfAsync("alice", Cancellation)).Select(session => session.Id);
        Assert.Equal(new[] { held[0], held[3] }.Order(), left.Order());
        Assert.Equal(2, (await host.SessionsOfAsync("bob", Cancellation)).Count);
    }

    // Where their number is what is full, a short one makes room for a long one as well.
    [Fact]
    public async Task KeyThatHoldsEverything_InShortSessions_YieldsToALongOne()
    {
        _runtime.Options.Slots = 4;
        await using var host = _runtime.Host();
        for (var i = 0; i < 4; i++)
        {
            await OpenAsync(host, "alice");
        }

        _runtime.Clock.Advance(TimeSpan.FromSeconds(5));

        var outcome = await host.OpenAsync("bob", 512, Cancellation);

        Assert.True(outcome.Is(out var session, out var refusal), refusal?.Message);
        Assert.Equal(512, session.MaxLength);
        Assert.Equal(3, (await host.SessionsOfAsync("alice", Cancellation)).Count);
    }

    // There is memory for 1,024 tokens, and 896 of them are taken.
    [Fact]
    public async Task ShortSession_ThatLeavesTooLittleForALongOne_Stays()
    {
        _runtime.Options.Slots = 4;
        await using var host = _runtime.Host();
        for (var i = 0; i < 3; i++)
        {
            await OpenAsync(host, "alice", 128);
        }

        _runtime.Clock.Advance(TimeSpan.FromSeconds(5));
        await OpenAsync(host, "alice", 512);

        var refusal = (await host.OpenAsync("bob", 512, Cancellation)).Refusal;

        Assert.Equal(StipErrorCode.ServerOverloaded, refusal?.Code);
        Assert.Equal(4, (await host.SessionsOfAsync("alice", Cancellation)).Count);
        await OpenAsync(host, "bob", 128);
    }

    // Another model keeps 128 KiB without a session: too little to be worth one.
    [Fact]
    public async Task ShortSession_ThatLeavesTooLittleWithWhatAnotherModelKeeps_Stays()
    {
        _runtime.Options.Slots = 4;
        var budget = new CacheBudget(Microsoft.Extensions.Options.Options.Create(_runtime.Options));
        await using var other = _runtime.Host("other", budget: budget);
        Assert.True(await other.ReleaseAsync("carol", await OpenAsync(other, "carol", 32), Cancellation));
        await using var host = _runtime.Host(budget: budget);
        await OpenAsync(host, "alice", 512);
        for (var i = 0; i < 3; i++)
        {
            await OpenAsync(host, "alice", 128);
        }

        _runtime.Clock.Advance(TimeSpan.FromSeconds(5));
        await StepAsync(host, "alice", (await host.SessionsOfAsync("alice", Cancellation))
            .Single(session => session.MaxLength == 512).Id);

        var refusal = (await host.OpenAsync("bob", 512, Cancellation)).Refusal;

        Assert.Equal(StipErrorCode.ServerOverloaded, refusal?.Code);
        Assert.Equal(4, (await host.SessionsOfAsync("alice", Cancellation)).Count);
    }

    [Theory]
    [InlineData(5, 4)]
    [InlineData(0, 500)]
    public async Task Session_UsedAMomentAgoOrWhereNoneYields_Stays(int yieldSeconds, int idleSeconds)
    {
        _runtime.Options.Slots = 2;
        _runtime.Options.YieldSeconds = yieldSeconds;
        await using var host = _runtime.Host();
        await OpenAsync(host, "alice");
        await OpenAsync(host, "alice");
        _runtime.Clock.Advance(TimeSpan.FromSeconds(idleSeconds));

        var refusal = await RefusedAsync(host, "bob");

        Assert.Equal(StipErrorCode.ServerOverloaded, refusal?.Code);
        Assert.NotNull(refusal?.RetryAfter);
        Assert.Equal(2, (await host.SessionsOfAsync("alice", Cancellation)).Count);
    }

    private static async Task<string> OpenAsync(DecoderHost host, string owner, int maxLength = 64)
    {
        var outcome = await host.OpenAsync(owner, maxLength, Cancellation);
        Assert.True(outcome.Is(out var session, out var refusal), refusal?.Message);
        return session.Id;
    }

    private static async Task<Refusal?> RefusedAsync(DecoderHost host, string owner) =>
        (await host.OpenAsync(owner, 64, Cancellation)).Refusal;

    private async Task StepAsync(DecoderHost host, string owner, string session)
    {
        var outcome = await host.StepAsync(owner, _runtime.Step(session), Cancellation);
        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        answer.Dispose();
    }
}
