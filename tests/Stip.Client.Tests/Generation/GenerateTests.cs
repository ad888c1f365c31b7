using System.Net;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Grammars;
using Stip.Client.Sampling;
using Stip.Protocol.Errors;
using Stip.TestKit;

namespace Stip.Client.Tests.Generation;

public sealed class GenerateTests : IDisposable
{
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];
    private readonly ToyModelFixture _toy = new();

    public void Dispose() => _toy.Dispose();

    [Theory]
    [InlineData(16)]
    [InlineData(0)]
    public async Task GenerateAsync_Greedy_FollowsTheModel(int maxTopK)
    {
        using var toy = new ToyModelFixture(maxTopK);

        var tokens = await RunAsync(toy, 30);

        Assert.Equal(toy.Toy.Greedy(Prompt, 30), tokens.Select(token => token.Id));
        Assert.Equal(FinishReason.Length, tokens[^1].FinishReason);
        Assert.All(tokens.SkipLast(1), token => Assert.Null(token.FinishReason));
        Assert.All(toy.Server.Steps, step => Assert.Equal(maxTopK == 0, step.Logits!.TopK is null));
        Assert.Equal(0, toy.Server.SessionCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.8f)]
    public async Task GenerateAsync_GrammarThatTheVocabularyCannotWrite_IsRefused(float temperature)
    {
        // Its tokens are letters and a few words.
        using var toy = new ToyModelFixture(
            vocabSize: 37, tokenizer: RepositoryRoot.At("tests", "data", "sequences", "tokenizer.json"));
        var options = new GenerationOptions
        {
            Grammar = TokenGrammar.JsonObject,
            Sampling = new SamplingOptions { Temperature = temperature },
        };

        var refused = await Assert.ThrowsAsync<BundleException>(async () =>
        {
            await foreach (var _ in toy.Model.GenerateAsync(Prompt, options, TestContext.Current.CancellationToken))
            {
            }
        });

        Assert.Contains("model 'toy' has no token", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateAsync_SessionLostAgainAndAgain_GivesTheSameTokens()
    {
        _toy.Server.BeforeStep = step =>
        {
            if (step % 7 == 6)
            {
                _toy.Server.LoseSessions();
            }
        };

        var tokens = await RunAsync(_toy, 30);

        Assert.Equal(_toy.Toy.Greedy(Prompt, 30), tokens.Select(token => token.Id));
        Assert.True(tokens[^1].Usage!.Replays >= 3);
    }

    [Fact]
    public async Task GenerateAsync_FaultsOnTheWay_GivesTheSameTokens()
    {
        _toy.Server.BeforeStep = step =>
        {
            if (step is 2 or 9)
            {
                _toy.Server.BeforeStep = null;
                _toy.Server.RefuseNext(HttpStatusCode.ServiceUnavailable, StipErrorCode.ServerOverloaded);
                _toy.Server.FailNext(() => throw new HttpRequestException("reset"));
            }
        };

        var tokens = await RunAsync(_toy, 20);

        Assert.Equal(_toy.Toy.Greedy(Prompt, 20), tokens.Select(token => token.Id));
    }

    [Fact]
    public async Task GenerateAsync_EndOfSequence_StopsUnlessIgnored()
    {
        // Token 0 ends a text of the toy.
        var prompt = Enumerable.Range(1, 60).Select(first => new[] { first, 2 })
            .First(ids => Array.IndexOf(_toy.Toy.Greedy(ids, 40), 0) is >= 1 and < 39);
        var end = Array.IndexOf(_toy.Toy.Greedy(prompt, 40), 0);

        var stopped = await RunAsync(_toy, 40, prompt);
        var ignored = await RunAsync(_toy, 40, prompt, ignoreEndOfSequence: true);

        Assert.Equal(end + 1, stopped.Count);
        Assert.Equal(FinishReason.Stop, stopped[^1].FinishReason);
        Assert.Equal(40, ignored.Count);
    }

    [Fact]
    public async Task GenerateAsync_ContextFull_EndsForItsLength()
    {
        var prompt = Enumerable.Repeat(9, 250).ToArray();

        var tokens = await RunAsync(_toy, 100, prompt, ignoreEndOfSequence: true);

        // The token after the last place is known without a row of its own.
        Assert.Equal(7, tokens.Count);
        Assert.Equal(FinishReason.Length, tokens[^1].FinishReason);
    }

    [Fact]
    public async Task GenerateAsync_Usage_CountsRoundsAndBytes()
    {
        var tokens = await RunAsync(_toy, 10);

        var usage = tokens[^1].Usage!;
        Assert.Equal(5, usage.PromptTokens);
        Assert.Equal(10, usage.CompletionTokens);
        Assert.Equal(10, usage.Rounds);
        Assert.True(usage.BytesSent > 14 * 16);
        Assert.True(usage.BytesReceived > 0);
        Assert.Equal(TimeSpan.FromMilliseconds(15), usage.Server);
        Assert.True(usage.Client >= TimeSpan.Zero);
    }

    [Fact]
    public async Task GenerateAsync_Cancelled_StopsAndReleasesTheSession()
    {
        using var cancel = new CancellationTokenSource();
        var endless = new GenerationOptions { IgnoreEndOfSequence = true };
        var count = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var token in _toy.Model.GenerateAsync(Prompt, endless, cancel.Token))
            {
                if (++count == 3)
                {
                    await cancel.CancelAsync();
                }
            }
        });

        Assert.Equal(3, count);
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    private static async Task<List<GeneratedToken>> RunAsync(
        ToyModelFixture toy, int maxNewTokens, int[]? prompt = null, bool ignoreEndOfSequence = false)
    {
        var options = new GenerationOptions
        {
            MaxNewTokens = maxNewTokens,
            IgnoreEndOfSequence = ignoreEndOfSequence || prompt is null,
        };
        var tokens = new List<GeneratedToken>();
        await foreach (var token in toy.Model.GenerateAsync(
            prompt ?? Prompt, options, TestContext.Current.CancellationToken))
        {
            tokens.Add(token);
        }

        return tokens;
    }
}
