using System.Globalization;
using System.Net;
using Stip.Client.Generation.Beams;
using Stip.Protocol.Errors;

namespace Stip.Client.Tests.Generation.Beams;

/// <summary>Beam search through sessions that are forked, against one over the same plain model.</summary>
public sealed class SearchTests : IDisposable
{
    private const int MostTokens = 9;
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];
    private readonly ToyModelFixture _toy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _toy.Dispose();

    // Lists of 16 hold the candidates of 4 beams but not of 12, and 0 allows none: full rows then.
    [Theory]
    [InlineData(16, 4, 1.0, BeamStopping.Heuristic)]
    [InlineData(0, 4, 1.0, BeamStopping.Heuristic)]
    [InlineData(16, 12, 0.5, BeamStopping.First)]
    [InlineData(64, 5, 2.0, BeamStopping.Never)]
    [InlineData(16, 3, -1.0, BeamStopping.Heuristic)]
    public async Task SearchAsync_OfAnyOptions_FindsWhatAPlainSearchDoes(
        int maxTopK, int beams, double penalty, BeamStopping stopping)
    {
        using var toy = new ToyModelFixture(maxTopK);
        var options = Options(beams) with { LengthPenalty = penalty, Stopping = stopping };
        var expected = new ReferenceBeams(
            ids => toy.Toy.Logits([.. ids]), options, MostTokens, [0]).Search(Prompt);

        var found = await toy.Model.SearchAsync(Prompt, options, null, Cancellation);

        Assert.Equal(
            expected.Select(answer => string.Join(',', answer.Ids)),
            found.Answers.Select(answer => string.Join(',', answer.TokenIds)));
        // The toy's log-sum-exp is a double of float exponentials.
        Assert.All(
            expected.Zip(found.Answers), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-5));
        Assert.All(toy.Server.Steps, step => Assert.Equal(
            2 * beams > maxTopK ? null : 2 * beams, step.Logits!.TopK));
        Assert.Equal(Prompt.Length, toy.Server.StepRows[0]);
        Assert.All(toy.Server.StepRows.Skip(1), rows => Assert.Equal(1, rows));
        Assert.True(toy.Server.Forks >= beams - 1);
        Assert.Equal(toy.Server.StepRows.Count + toy.Server.Forks, found.Usage.Rounds);
        Assert.Equal(0, toy.Server.SessionCount);
    }

    [Fact]
    public async Task SearchAsync_WithRoomForItsBeamsOnly_NeverHasMoreSessions()
    {
        _toy.Server.MostSessions = 4;

        var found = await _toy.Model.SearchAsync(Prompt, Options(4), null, Cancellation);

        Assert.NotEmpty(found.Answers);
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task SearchAsync_SessionsLostAgainAndAgain_FindsTheSame()
    {
        var expected = await _toy.Model.SearchAsync(Prompt, Options(4), null, Cancellation);
        _toy.Server.BeforeStep = step =>
        {
            if (step % 7 == 3)
            {
                _toy.Server.LoseSessions();
            }
        };

        var found = await _toy.Model.SearchAsync(Prompt, Options(4), null, Cancellation);

        Assert.Equal(
            expected.Answers.Select(answer => string.Join(',', answer.TokenIds)),
            found.Answers.Select(answer => string.Join(',', answer.TokenIds)));
        Assert.True(found.Usage.Replays > 0);
    }

    [Fact]
    public async Task SearchAsync_ForksThatAreRefusedForAWhileOrLostOnTheWay_FindsTheSame()
    {
        var expected = await _toy.Model.SearchAsync(Prompt, Options(4), null, Cancellation);
        var before = _toy.Server.StepRows.Count;
        _toy.Server.RefuseNextFork(HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded);
        _toy.Server.RefuseNextFork(HttpStatusCode.TooManyRequests, StipErrorCode.RateLimitExceeded);
        _toy.Server.FailNextFork(() => throw new HttpRequestException("connection reset"));
        _toy.Server.FailNextFork(() => new HttpResponseMessage(HttpStatusCode.BadGateway));

        var found = await _toy.Model.SearchAsync(Prompt, Options(4), null, Cancellation);

        Assert.Equal(
            expected.Answers.Select(answer => string.Join(',', answer.TokenIds)),
            found.Answers.Select(answer => string.Join(',', answer.TokenIds)));
        // Two beams were told their tokens anew.
        Assert.Equal(2, _toy.Server.StepRows.Skip(before).Count(rows => rows > Prompt.Length));
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Theory]
    [InlineData(10.5)]
    [InlineData(-400)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task SearchAsync_LengthPenaltyWithoutFiniteScores_IsRefusedWithItsRange(double penalty)
    {
        var refused = await Assert.ThrowsAsync<ArgumentException>(() => _toy.Model.SearchAsync(
            Prompt, Options(4) with { LengthPenalty = penalty }, null, Cancellation));

        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"LengthPenalty is {penalty}; allowed is -10 to 10"),
            refused.Message,
            StringComparison.Ordinal);
        Assert.Empty(_toy.Server.Steps);
    }

    [Fact]
    public async Task SearchAsync_WithoutRoomForABeam_SaysSoAndReleasesEverySession()
    {
        _toy.Server.MostSessions = 2;

        var refused = await Assert.ThrowsAsync<StipException>(
            () => _toy.Model.SearchAsync(Prompt, Options(4), null, Cancellation));

        Assert.Equal(StipErrorCode.ServerOverloaded, refused.Code);
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task SearchAsync_Cancelled_ReleasesEverySession()
    {
        using var cancel = new CancellationTokenSource();
        _toy.Server.BeforeStep = step =>
        {
            if (step == 14)
            {
                cancel.Cancel();
            }
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _toy.Model.SearchAsync(Prompt, Options(4), null, cancel.Token));

        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(65, 1)]
    [InlineData(4, 5)]
    [InlineData(4, 0)]
    public async Task SearchAsync_OptionsOutsideTheirRange_AreRefusedBeforeAnythingIsSent(int beams, int returned)
    {
        await Assert.ThrowsAsync<ArgumentException>(() => _toy.Model.SearchAsync(
            Prompt, new BeamOptions { Beams = beams, Returned = returned }, null, Cancellation));

        Assert.Empty(_toy.Server.Steps);
    }

    private static BeamOptions Options(int beams) =>
        new() { Beams = beams, Returned = beams, MaxNewTokens = MostTokens };
}
