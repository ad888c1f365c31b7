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
}
