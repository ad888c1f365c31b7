using Stip.Client.Generation;
using Stip.Client.Generation.Choices;
using Stip.Client.Sampling;

namespace Stip.Client.Tests.Generation.Choices;

/// <summary>Several answers to one prompt: what each says is what a session of its own would, and the prompt is sent
/// once.</summary>
public sealed class ChoicesTests : IDisposable
{
    private const int Count = 4;
    private const int Tokens = 12;
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];
    private readonly ToyModelFixture _toy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _toy.Dispose();

    [Theory]
    [InlineData(16)]
    [InlineData(0)]
    public async Task GenerateChoicesAsync_WithASeed_GivesTheAnswersOfSessionsOfTheirOwn(int maxTopK)
    {
        using var toy = new ToyModelFixture(maxTopK);

        var choices = await RunAsync(toy, Sampled());

        Assert.Equal(Count - 1, toy.Server.Forks);
        // The prompt once; the last token of each is not sent. Lists that were too short are asked for again as rows.
        Assert.Equal(Prompt.Length, toy.Server.StepRows[0]);
        Assert.All(toy.Server.StepRows.Skip(1), rows => Assert.Equal(1, rows));
        Assert.True(toy.Server.StepRows.Count > Count * (Tokens - 1));
        Assert.Equal(maxTopK == 0, toy.Server.StepRows.Count == 1 + (Count * (Tokens - 1)));
        Assert.Equal(0, toy.Server.SessionCount);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(await AloneAsync(toy, Sampled().OfChoice(i)), choices[i]);
        }

        Assert.Equal(Count, choices.Select(ids => string.Join(',', ids)).Distinct().Count());
    }

    [Fact]
    public async Task GenerateChoicesAsync_WhereThereIsRoomForTwo_GivesAllAnswersInTurn()
    {
        _toy.Server.MostSessions = 2;

        var choices = await RunAsync(_toy, Sampled());

        Assert.Equal(1, _toy.Server.Forks);
        Assert.Equal(0, _toy.Server.SessionCount);
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(await AloneAsync(_toy, Sampled().OfChoice(i)), choices[i]);
        }
    }

    [Fact]
    public async Task GenerateChoicesAsync_SessionsLostAgainAndAgain_GivesTheSameAnswers()
    {
        _toy.Server.BeforeStep = step =>
        {
            if (step % 5 == 1)
            {
                _toy.Server.LoseSessions();
            }
        };

        var choices = await RunAsync(_toy, Sampled());

        _toy.Server.BeforeStep = null;
        for (var i = 0; i < Count; i++)
        {
            Assert.Equal(await AloneAsync(_toy, Sampled().OfChoice(i)), choices[i]);
        }
    }

    [Fact]
    public async Task GenerateChoicesAsync_LeftInTheMiddle_ReleasesEverySession()
    {
        using var cancel = new CancellationTokenSource();
        var seen = 0;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in _toy.Model.GenerateChoicesAsync(
                Prompt, All(Sampled() with { MaxNewTokens = null }), cancel.Token))
            {
                if (++seen == 9)
                {
                    await cancel.CancelAsync();
                }
            }
        });
        await foreach (var _ in _toy.Model.GenerateChoicesAsync(Prompt, All(Sampled()), Cancellation))
        {
            break;
        }

        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateChoicesAsync_OneThatIsRefused_EndsAllAndReleasesEverySession()
    {
        _toy.Server.BeforeStep = step =>
        {
            if (step == 6)
            {
                _toy.Server.RefuseNext(
                    System.Net.HttpStatusCode.BadRequest, Protocol.Errors.StipErrorCode.NonFiniteInput);
            }
        };

        await Assert.ThrowsAsync<StipException>(() => RunAsync(_toy, Sampled()));

        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateChoicesAsync_ThroughAPool_KeepsOneSessionForTheNextTurn()
    {
        await using (var pool = new SessionPool(_toy.Model))
        {
            await foreach (var _ in pool.GenerateChoicesAsync(Prompt, All(Sampled()), Cancellation))
            {
            }

            Assert.Equal(1, _toy.Server.SessionCount);
        }

        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateChoicesAsync_WhoseReaderHadEnoughOfOne_KeepsTheSessionToo()
    {
        using var enough = new CancellationTokenSource();
        var options = All(Sampled()).ToArray();
        options[1] = options[1] with { Enough = enough.Token };
        await using var pool = new SessionPool(_toy.Model);

        await foreach (var (choice, _) in pool.GenerateChoicesAsync(Prompt, options, Cancellation))
        {
            if (choice == 1)
            {
                await enough.CancelAsync();
            }
        }

        Assert.Equal(1, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateChoicesAsync_OptionsMadeOneByOne_AreComparedByWhatIsInThem()
    {
        var options = Enumerable.Range(1, Count).Select(seed => new GenerationOptions
        {
            MaxNewTokens = Tokens,
            StopStrings = ["never"],
            Sampling = new SamplingOptions
            {
                Temperature = 1,
                Seed = (ulong)seed,
                LogitBias = new Dictionary<int, float> { [1] = 2 },
            },
        }).ToArray();
        var ended = 0;
        await foreach (var token in _toy.Model.GenerateChoicesAsync(Prompt, options, Cancellation))
        {
            ended += token.Token.FinishReason is null ? 0 : 1;
        }

        Assert.Equal(Count, ended);
    }

    [Fact]
    public void GenerateChoicesAsync_OptionsThatDiffer_AreRefused() => Assert.Throws<ArgumentException>(() =>
        _toy.Model.GenerateChoicesAsync(
            Prompt, [Sampled(), Sampled() with { Sampling = new SamplingOptions { Temperature = 0.5f } }],
            Cancellation));

    private static GenerationOptions Sampled() => new()
    {
        MaxNewTokens = Tokens,
        IgnoreEndOfSequence = true,
        Speculates = false,
        Sampling = new SamplingOptions { Temperature = 6, Seed = 11 },
    };

    private static GenerationOptions[] All(GenerationOptions options) =>
        [.. Enumerable.Range(0, Count).Select(options.OfChoice)];

    private static async Task<List<int>[]> RunAsync(ToyModelFixture toy, GenerationOptions options)
    {
        var choices = Enumerable.Range(0, Count).Select(_ => new List<int>()).ToArray();
        var ended = new FinishReason?[Count];
        await foreach (var (choice, token) in toy.Model.GenerateChoicesAsync(Prompt, All(options), Cancellation))
        {
            Assert.Null(ended[choice]);
            choices[choice].Add(token.Id);
            ended[choice] = token.FinishReason;
        }

        Assert.All(ended, reason => Assert.Equal(FinishReason.Length, reason));
        return choices;
    }

    private static async Task<List<int>> AloneAsync(ToyModelFixture toy, GenerationOptions options)
    {
        toy.Server.MostSessions = int.MaxValue;
        List<int> ids = [];
        await foreach (var token in toy.Model.GenerateAsync(Prompt, options, Cancellation))
        {
            ids.Add(token.Id);
        }

        return ids;
    }
}
