using System.Net;
using Stip.Client.Generation;
using Stip.Protocol.Errors;

namespace Stip.Client.Tests.Generation;

public sealed class SessionPoolTests : IDisposable
{
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];
    private static readonly int[] Another = [2, 7, 1, 8];
    private readonly ToyModelFixture _toy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _toy.Dispose();

    [Fact]
    public async Task GenerateAsync_OfAKeyThatHoldsItsSessions_GivesUpTheOneThatIsKept()
    {
        _toy.Server.MostSessions = 1;
        await using var pool = new SessionPool(_toy.Model);

        Assert.Equal(_toy.Toy.Greedy(Prompt, 5), await RunAsync(pool, Prompt));
        Assert.Equal(_toy.Toy.Greedy(Another, 5), await RunAsync(pool, Another));

        Assert.Equal(1, _toy.Server.SessionCount);
        // Refused once and not waited for.
        Assert.Equal(_toy.Server.StepRows.Count + 1, _toy.Server.Steps.Count);
    }

    // As templates of models that think: the next turn holds the question, and of the answer its end alone.
    [Fact]
    public async Task GenerateAsync_OfATurnWithoutTheThoughtsBeforeIt_SendsWhatComesAfterTheQuestion()
    {
        await using var pool = new SessionPool(_toy.Model);
        await RunAsync(pool, Prompt, 40);
        _toy.Server.StepRows.Clear();

        int[] next = [.. Prompt, 60, 61, 62];
        Assert.Equal(_toy.Toy.Greedy(next, 5), await RunAsync(pool, next));

        Assert.Equal(3, _toy.Server.StepRows[0]);
        Assert.Equal(1, _toy.Server.SessionCount);
    }

    // The end of the prompt opens the answer, and the next turn may open it in another way.
    [Fact]
    public async Task GenerateAsync_OfATurnWhoseAnswerIsOpenedInAnotherWay_SendsWhatComesAfterTheQuestion()
    {
        await using var pool = new SessionPool(_toy.Model);
        int[] question = [.. Enumerable.Range(3, 20)];
        await RunAsync(pool, [.. question, 40, 41, 42], 60);
        _toy.Server.StepRows.Clear();

        int[] next = [.. question, 40, 50, 51, 52];
        Assert.Equal(_toy.Toy.Greedy(next, 5), await RunAsync(pool, next));

        Assert.Equal(3, _toy.Server.StepRows[0]);
        Assert.Equal(1, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateAsync_OfAnotherConversationWithTheSameBeginning_LeavesTheKeptOneItsSession()
    {
        await using var pool = new SessionPool(_toy.Model);
        int[] system = [.. Enumerable.Range(3, 50)];
        int[] question = [.. system, .. Enumerable.Range(20, 10)];
        await RunAsync(pool, question, 100);

        int[] another = [.. system, .. Enumerable.Range(30, 10)];
        Assert.Equal(_toy.Toy.Greedy(another, 5), await RunAsync(pool, another));

        Assert.Equal(2, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateAsync_OfAServerThatIsFullForAnotherReason_KeepsWhatIsKept()
    {
        await using var pool = new SessionPool(_toy.Model);
        await RunAsync(pool, Prompt);
        _toy.Server.RefuseNext(HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded);

        Assert.Equal(_toy.Toy.Greedy(Another, 5), await RunAsync(pool, Another));
        Assert.Equal(2, _toy.Server.SessionCount);
    }

    // As proxies say it while servers behind them are started anew.
    [Theory]
    [InlineData(HttpStatusCode.ServiceUnavailable)]
    [InlineData(HttpStatusCode.TooManyRequests)]
    public async Task GenerateAsync_OfAProxyThatHasNoServerForAMoment_WaitsAndKeepsWhatIsKept(HttpStatusCode status)
    {
        await using var pool = new SessionPool(_toy.Model);
        await RunAsync(pool, Prompt);
        for (var i = 0; i < 3; i++)
        {
            _toy.Server.FailNext(() => new HttpResponseMessage(status)
            {
                Content = new StringContent("<html>later</html>", null, "text/html"),
            });
        }

        Assert.Equal(_toy.Toy.Greedy(Another, 5), await RunAsync(pool, Another));
        Assert.Equal(2, _toy.Server.SessionCount);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(200)]
    public async Task GenerateAsync_OfAServerWithShorterSessions_EndsWhereTheyDo(int? mostNewTokens)
    {
        _toy.Server.MaxLength = 32;
        await using var pool = new SessionPool(_toy.Model);

        // The token after the last place needs none.
        var count = 32 - Prompt.Length + 1;
        Assert.Equal(_toy.Toy.Greedy(Prompt, count), await RunAsync(pool, Prompt, mostNewTokens));
        Assert.All(_toy.Server.Steps, step => Assert.True(step.MaxLength is null or 32));
    }

    // Servers have caches of quarters of the context, e.g. 32,768 tokens of 131,072.
    [Theory]
    [InlineData(1, 1024)]
    [InlineData(1000, 2000)]
    [InlineData(20_000, 24_096)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void WithRoom_OfALongSession_IsNotTwiceAsLong(int wanted, int length) =>
        Assert.Equal(length, SessionPool.WithRoom(wanted));

    [Fact]
    public async Task GenerateAsync_OfAPromptThatIsLongerThanTheServersSessions_IsRefused()
    {
        _toy.Server.MaxLength = 4;
        await using var pool = new SessionPool(_toy.Model);

        var refused = await Assert.ThrowsAsync<StipException>(() => RunAsync(pool, Prompt));

        Assert.Equal(StipErrorCode.ContextLengthExceeded, refused.Code);
        Assert.Contains("5 tokens are more than the 4", refused.Message, StringComparison.Ordinal);
        Assert.Empty(_toy.Server.Steps);
    }

    private static async Task<int[]> RunAsync(SessionPool pool, int[] prompt, int? mostNewTokens = 5)
    {
        var ids = new List<int>();
        var options = new GenerationOptions { MaxNewTokens = mostNewTokens, IgnoreEndOfSequence = true };
        await foreach (var token in pool.GenerateAsync(prompt, options, Cancellation))
        {
            ids.Add(token.Id);
        }

        return [.. ids];
    }
}
