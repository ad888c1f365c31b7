using System.Net;
using Stip.Client.Generation;
using Stip.Client.Generation.Beams;
using Stip.Client.Generation.Choices;
using Stip.Client.Sampling;
using Stip.Protocol.Completions;
using Stip.Protocol.Errors;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Generation;

/// <summary>A server counts the sessions of a key over all models: whatever opens one has those of a pool given up.
/// </summary>
public sealed class KeptSessionsTests : IDisposable
{
    private const int Tokens = 5;
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];
    private static readonly int[] Another = [2, 7, 1, 8];
    private static readonly int[] Third = [1, 6, 1, 8];
    private readonly ToyModelFixture _toy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static GenerationOptions Options { get; } =
        new() { MaxNewTokens = Tokens, IgnoreEndOfSequence = true, Speculates = false };

    public void Dispose() => _toy.Dispose();

    [Fact]
    public async Task GenerateWithImagesAsync_OfAKeyThatHoldsItsSessions_HasThoseThatAreKeptGivenUp()
    {
        _toy.Server.MostSessions = 1;
        await using var pool = new SessionPool(_toy.Model);
        await RunAsync(pool.GenerateAsync(Prompt, Options, Cancellation));

        var ids = await RunAsync(_toy.Model.GenerateWithImagesAsync(
            new ImagePrompt(Another, PlacedRows.None), Options, Cancellation));

        Assert.Equal(_toy.Toy.Greedy(Another, Tokens), ids);
        Assert.Equal(0, _toy.Server.SessionCount);
        // Refused once and not waited for.
        Assert.Equal(_toy.Server.StepRows.Count + 1, _toy.Server.Steps.Count);
    }

    // A model whose memory is full is helped by its own sessions alone.
    [Fact]
    public async Task GenerateAsync_OfASecondModelThatKeepsSessionsItself_HasItsOwnGivenUpFirst()
    {
        _toy.Server.MostSessions = 3;
        await using var pool = new SessionPool(_toy.Model);
        await using var pools = new SessionPool(_toy.AddModel("other"));
        await RunAsync(pool.GenerateAsync(Prompt, Options, Cancellation));
        await RunAsync(pools.GenerateAsync(Prompt, Options, Cancellation));
        await RunAsync(pool.GenerateAsync(Another, Options, Cancellation));

        Assert.Equal(
            _toy.Toy.Greedy(Third, Tokens), await RunAsync(pools.GenerateAsync(Third, Options, Cancellation)));

        // Those of the first go on where they were.
        _toy.Server.StepRows.Clear();
        await RunAsync(pool.GenerateAsync(Another, Options, Cancellation));
        await RunAsync(pool.GenerateAsync(Prompt, Options, Cancellation));
        await RunAsync(pools.GenerateAsync(Third, Options, Cancellation));
        Assert.All(_toy.Server.StepRows, rows => Assert.Equal(1, rows));
        await RunAsync(pools.GenerateAsync(Prompt, Options, Cancellation));
        Assert.Contains(Prompt.Length, _toy.Server.StepRows);
    }

    [Fact]
    public async Task GenerateAsync_OfAModelThatKeepsNone_HasTheOldestOfOthersGivenUp()
    {
        _toy.Server.MostSessions = 3;
        await using var pool = new SessionPool(_toy.Model);
        await using var pools = new SessionPool(_toy.AddModel("other"));
        await using var third = new SessionPool(_toy.AddModel("third"));
        await RunAsync(pool.GenerateAsync(Prompt, Options, Cancellation));
        await RunAsync(pools.GenerateAsync(Prompt, Options, Cancellation));
        await RunAsync(pool.GenerateAsync(Another, Options, Cancellation));

        Assert.Equal(
            _toy.Toy.Greedy(Third, Tokens), await RunAsync(third.GenerateAsync(Third, Options, Cancellation)));

        _toy.Server.StepRows.Clear();
        await RunAsync(pool.GenerateAsync(Another, Options, Cancellation));
        await RunAsync(pools.GenerateAsync(Prompt, Options, Cancellation));
        await RunAsync(third.GenerateAsync(Third, Options, Cancellation));
        Assert.All(_toy.Server.StepRows, rows => Assert.Equal(1, rows));
        await RunAsync(pool.GenerateAsync(Prompt, Options, Cancellation));
        Assert.Contains(Prompt.Length, _toy.Server.StepRows);
    }

    // A copy that can be done without, which no kept session stands in the way of.
    [Fact]
    public async Task ForkAsync_ThatNeedNotBe_HasOneSessionGivenUpAtMost()
    {
        await using var pool = new SessionPool(_toy.Model);
        foreach (var prompt in new[] { Prompt, Another, Third })
        {
            await RunAsync(pool.GenerateAsync(prompt, Options, Cancellation));
        }

        await using var session = _toy.Model.OpenSession();
        await session.AppendAsync(Prompt, cancellationToken: Cancellation);
        for (var i = 0; i < 5; i++)
        {
            _toy.Server.FailNextFork(() => ToyServer.Refused(
                HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded, "no slot is free",
                CompletionFields.NoRoom));
        }

        var refusal = await Assert.ThrowsAsync<StipException>(() => session.ForkAsync(waits: false, Cancellation));

        Assert.True(refusal.HasNoRoom);
        Assert.Equal(3, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task DisposeAsync_OfOnePool_LeavesTheSessionsOfOthers()
    {
        await using var pools = new SessionPool(_toy.AddModel("other"));
        await using (var pool = new SessionPool(_toy.Model))
        {
            await RunAsync(pool.GenerateAsync(Prompt, Options, Cancellation));
            await RunAsync(pools.GenerateAsync(Prompt, Options, Cancellation));
            await RunAsync(pool.GenerateAsync(Another, Options, Cancellation));
        }

        Assert.Equal(1, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateChoicesAsync_OfAKeyThatHoldsItsSessions_ForksInThePlaceOfThoseThatAreKept()
    {
        _toy.Server.MostSessions = 3;
        await using var pool = new SessionPool(_toy.Model);
        await RunAsync(pool.GenerateAsync(Prompt, Options, Cancellation));
        await RunAsync(pool.GenerateAsync(Another, Options, Cancellation));
        var sampled = Options with { Sampling = new SamplingOptions { Temperature = 6, Seed = 11 } };
        var ended = 0;

        await foreach (var (_, token) in _toy.Model.GenerateChoicesAsync(
            Third, [sampled, sampled.OfChoice(1), sampled.OfChoice(2)], Cancellation))
        {
            ended += token.FinishReason is null ? 0 : 1;
        }

        Assert.Equal(3, ended);
        Assert.Equal(2, _toy.Server.Forks);
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task SearchAsync_OfAKeyThatHoldsItsSessions_ForksInThePlaceOfThoseThatAreKept()
    {
        var options = new BeamOptions { Beams = 4, MaxNewTokens = Tokens };
        var expected = await _toy.Model.SearchAsync(Third, options, null, Cancellation);
        _toy.Server.MostSessions = 4;
        await using var pool = new SessionPool(_toy.Model);
        foreach (var prompt in new[] { Prompt, Another, Third })
        {
            await RunAsync(pool.GenerateAsync(prompt, Options, Cancellation));
        }

        var found = await _toy.Model.SearchAsync(Third, options, null, Cancellation);

        Assert.Equal(expected.Answers[0].TokenIds, found.Answers[0].TokenIds);
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task AppendAsync_OfAForkThatWasLost_HasASessionGivenUp()
    {
        await using var session = _toy.Model.OpenSession();
        await session.AppendAsync(Prompt, cancellationToken: Cancellation);
        await using var fork = await session.ForkAsync(Cancellation);
        _toy.Server.LoseSessions();
        _toy.Server.MostSessions = 1;
        await using var pool = new SessionPool(_toy.Model);
        await RunAsync(pool.GenerateAsync(Another, Options, Cancellation));

        await fork.AppendAsync(Another, cancellationToken: Cancellation);

        Assert.Equal(Prompt.Length + Another.Length, fork.Position);
        Assert.Equal(1, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateAsync_ThatEndsWhileAnotherWaitsForRoom_IsNotKept()
    {
        using var toy = new ToyModelFixture(slowRounds: true);
        toy.Server.MostSessions = 1;
        await using var pool = new SessionPool(toy.Model);
        await using var first = pool.GenerateAsync(Prompt, Options, Cancellation).GetAsyncEnumerator(Cancellation);
        await first.MoveNextAsync();
        var second = RunAsync(pool.GenerateAsync(Another, Options, Cancellation));
        Assert.False(second.IsCompleted);

        while (await first.MoveNextAsync())
        {
        }

        while (!second.IsCompleted)
        {
            toy.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1, Cancellation);
        }

        Assert.Equal(toy.Toy.Greedy(Another, Tokens), await second);
        Assert.Equal(1, toy.Server.SessionCount);
    }

    private static async Task<int[]> RunAsync(IAsyncEnumerable<GeneratedToken> tokens)
    {
        var ids = new List<int>();
        await foreach (var token in tokens)
        {
            ids.Add(token.Id);
        }

        return [.. ids];
    }
}
