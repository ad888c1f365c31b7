using Stip.Api.Engine;
using Stip.Protocol.Errors;

namespace Stip.Api.Tests.Engine.Caches;

/// <summary>Models that share the memory of caches: what one has no session for is the other's.</summary>
public sealed class SharedBudgetTests
{
    // A session of 512 tokens takes half of it.
    private readonly FakeRuntime _runtime = new();
    private readonly CacheBudget _budget;

    public SharedBudgetTests() =>
        _budget = new CacheBudget(Microsoft.Extensions.Options.Options.Create(_runtime.Options));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Memory_OfAModelWithoutSessions_IsThatOfAnother(bool commitsOnUse)
    {
        _runtime.Decoder.CommitsOnUse = commitsOnUse;
        await using var one = _runtime.Host("one", budget: _budget);
        await using var other = _runtime.Host("other", budget: _budget);
        string[] held = [await OpenAsync(one), await OpenAsync(one, commitsOnUse ? 512 : 128)];
        Assert.Equal(commitsOnUse ? 0 : 256 << 10, _budget.FreeBytes);
        Assert.Equal(StipErrorCode.ServerOverloaded, (await other.OpenAsync("bob", 512, Cancellation)).Refusal?.Code);
        foreach (var session in held)
        {
            Assert.True(await one.ReleaseAsync("alice", session, Cancellation));
        }

        await OpenAsync(other);
        using var step = _runtime.Step(maxLength: 64);
        var outcome = await other.RunAsync("alice", step);

        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        answer.Dispose();
    }

    [Fact]
    public async Task Memory_OfAModelWithoutSessions_IsThatOfAStepThatOpensOneElsewhere()
    {
        await using var one = _runtime.Host("one", budget: _budget);
        await using var other = _runtime.Host("other", budget: _budget);
        string[] held = [await OpenAsync(one), await OpenAsync(one)];
        foreach (var session in held)
        {
            await one.ReleaseAsync("alice", session, Cancellation);
        }

        using var step = _runtime.Step(maxLength: 512);
        var outcome = await other.RunAsync("bob", step);

        Assert.True(outcome.Is(out var answer, out var refusal), refusal?.Message);
        answer.Dispose();
    }

    [Fact]
    public async Task Memory_OfAModelThatEndsWithALostDevice_IsGivenBack()
    {
        var one = _runtime.Host("one", budget: _budget);
        await OpenAsync(one);
        _runtime.Decoder.ClearFailure = new InvalidOperationException("the device is gone");

        await one.DisposeAsync();

        Assert.Equal(_budget.LimitBytes, _budget.FreeBytes);
    }

    // Of several classes of lengths, each by its own failure, and each once.
    [Fact]
    public async Task Arenas_OfALostDevice_AreAllGivenBackOnce()
    {
        var one = _runtime.Host("one", budget: _budget);
        foreach (var length in new[] { 32, 32, 128, 512 })
        {
            await OpenAsync(one, length);
        }

        Assert.Equal(2, _runtime.Decoder.Arenas);
        var lost = new InvalidOperationException("the device is gone");
        (_runtime.Decoder.ClearFailure, _runtime.Decoder.FreeFailure) = (lost, lost);

        await one.DisposeAsync();

        Assert.Equal((0, _budget.LimitBytes), (_runtime.Decoder.Arenas, _budget.FreeBytes));
        Assert.Equal(0, one.SessionCount);
    }

    // Whoever wants memory is not to fail for the device of another, nor twice for one arena.
    [Fact]
    public async Task UnusedArenas_OfALostDevice_AreGivenBackOnceToWhoeverWantsThem()
    {
        await using var one = _runtime.Host("one", budget: _budget);
        await using var other = _runtime.Host("other", budget: _budget);
        string[] held = [await OpenAsync(one, 128), await OpenAsync(one, 512)];
        foreach (var session in held)
        {
            Assert.True(await one.ReleaseAsync("alice", session, Cancellation));
        }

        _runtime.Decoder.FreeFailure = new InvalidOperationException("the device is gone");
        await OpenAsync(other);
        await OpenAsync(other);

        Assert.Equal((1, 0L), (_runtime.Decoder.Arenas, _budget.FreeBytes));
        _runtime.Decoder.FreeFailure = null;
    }

    [Fact]
    public async Task ExpiredSessions_OfALostDevice_AllEnd()
    {
        await using var one = _runtime.Host("one", budget: _budget);
        string[] held = [await OpenAsync(one, 32), await OpenAsync(one, 32), await OpenAsync(one, 128)];
        Assert.Equal(held.Length, one.SessionCount);
        _runtime.Decoder.ClearFailure = new InvalidOperationException("the device is gone");
        _runtime.Clock.Advance(TimeSpan.FromSeconds(_runtime.Options.LeaseSeconds));

        await one.ExpireAsync();

        Assert.Equal(0, one.SessionCount);
        _runtime.Decoder.ClearFailure = null;
    }

    // Its loop has a step that may take minutes.
    [Fact]
    public async Task Opening_ThatWantsTheMemoryOfABusyModel_IsRefusedInAMomentOrEndsWithItsCaller()
    {
        var running = new FakeRuntime();
        await using var one = running.Host("one", budget: _budget);
        await using var other = _runtime.Host("other", budget: _budget);
        var step = await HoldWithUnusedArenaAsync(running, one);

        using (var caller = CancellationTokenSource.CreateLinkedTokenSource(Cancellation))
        {
            var gone = other.OpenAsync("bob", 512, caller.Token);
            await Task.Delay(50, Cancellation);
            Assert.False(gone.IsCompleted);
            await caller.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                () => gone.WaitAsync(TimeSpan.FromSeconds(2), Cancellation));
        }

        var refused = (await other.OpenAsync("bob", 512, Cancellation)
            .WaitAsync(TimeSpan.FromSeconds(20), Cancellation)).Refusal;
        Assert.Equal(StipErrorCode.ServerOverloaded, refused?.Code);
        Assert.False(step.IsCompleted);
        running.Decoder.LetGo();
        Assert.Null((await step).Refusal);
        await OpenAsync(other);
    }

    // What was once paid for costs nothing to take again.
    [Fact]
    public async Task Memory_ThatNobodyElseWants_StaysWithItsModel()
    {
        await using var one = _runtime.Host("one", budget: _budget);
        await one.ReleaseAsync("alice", await OpenAsync(one), Cancellation);
        await one.ExpireAsync();
        Assert.Equal((1, 512L << 10), (_runtime.Decoder.Arenas, _budget.FreeBytes));

        await using var other = _runtime.Host("other", budget: _budget);
        await OpenAsync(other);

        Assert.Equal((2, 0L), (_runtime.Decoder.Arenas, _budget.FreeBytes));
    }

    private static async Task<string> OpenAsync(DecoderHost host, int maxLength = 512)
    {
        var outcome = await host.OpenAsync("alice", maxLength, Cancellation);
        Assert.True(outcome.Is(out var session, out var refusal), refusal?.Message);
        return session.Id;
    }

    // Half of the memory for nobody, and a step of another session that does not end.
    private static async Task<Task<Outcome<StepAnswer>>> HoldWithUnusedArenaAsync(FakeRuntime running, DecoderHost one)
    {
        await OpenAsync(one, 128);
        var large = await OpenAsync(one);
        await one.ReleaseAsync("alice", large, Cancellation);
        running.Decoder.Hold();
        running.Decoder.Entered.Reset();
        var step = Task.Run(() => one.RunAsync("alice", running.Step(maxLength: 128)), Cancellation);
        running.Decoder.Entered.Wait(Cancellation);
        return step;
    }
}
