using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Client.Speculation;
using Stip.Client.Tests.Generation;
using Stip.Protocol.Packages;

namespace Stip.Client.Tests.Speculation;

public sealed class SpeculatorTests : IDisposable
{
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];
    private readonly ToyModelFixture _toy = new(vocabSize: 6, slowRounds: true);

    public void Dispose() => _toy.Dispose();

    [Fact]
    public async Task GenerateAsync_GreedyWithGuesses_GivesTheSameTokensInFewerRounds()
    {
        var alone = await RunAsync(new SamplingOptions { Temperature = 0 }, speculates: false);
        var guessed = await RunAsync(new SamplingOptions { Temperature = 0 }, speculates: true);

        Assert.Equal(alone.Ids, guessed.Ids);
        Assert.Equal(200, alone.Rounds);
        // The toy repeats nothing on purpose: a guess among six tokens is right now and then.
        Assert.True(guessed.Rounds < alone.Rounds, $"{guessed.Rounds} rounds");
        Assert.True(guessed.Guesses > alone.Rounds - guessed.Rounds, $"{guessed.Guesses} guesses, none wrong");
    }

    [Theory]
    [InlineData(1f, 1f, 16)]
    [InlineData(1.5f, 0.9f, 16)]
    [InlineData(1.5f, 1f, 3)]
    public async Task GenerateAsync_SeededWithGuesses_GivesTheSameTokens(float temperature, float topP, int maxTopK)
    {
        using var toy = new ToyModelFixture(maxTopK, vocabSize: 6, slowRounds: true);
        var (sent, right) = (0, 0);
        for (var seed = 1ul; seed < 6; seed++)
        {
            var sampling = new SamplingOptions { Temperature = temperature, TopP = topP, Seed = seed };

            var alone = await RunAsync(sampling, speculates: false, toy);
            var guessed = await RunAsync(sampling, speculates: true, toy);

            Assert.Equal(alone.Ids, guessed.Ids);
            Assert.Equal(0, alone.Guesses);
            // A token that cost no round was a guess that was right.
            (sent, right) = (sent + guessed.Guesses, right + alone.Rounds - guessed.Rounds);
        }

        Assert.True(right > 0 && right < sent, $"{right} of {sent} guesses were right");
    }

    [Fact]
    public async Task GenerateAsync_SessionLostBetweenGuesses_GivesTheSameTokens()
    {
        var alone = await RunAsync(new SamplingOptions { Temperature = 0 }, speculates: false);
        _toy.Server.BeforeStep = step =>
        {
            if (step % 5 == 4)
            {
                _toy.Server.LoseSessions();
            }
        };

        var guessed = await RunAsync(new SamplingOptions { Temperature = 0 }, speculates: true);

        Assert.Equal(alone.Ids, guessed.Ids);
        Assert.Equal((0, true), (alone.Replays, guessed.Replays > 0));
    }

    [Fact]
    public async Task GenerateAsync_GuessesOverBoundedCaches_GiveTheSameTokensWithoutAReplay()
    {
        var alone = await RunAsync(new SamplingOptions { Temperature = 0 }, speculates: false);
        _toy.Server.Bound = new BoundedCache(Window: 8, Rows: 20);
        _toy.Model.Recheck();

        var guessed = await RunAsync(new SamplingOptions { Temperature = 0 }, speculates: true);

        Assert.Equal(alone.Ids, guessed.Ids);
        Assert.Equal((0, true), (guessed.Replays, guessed.Guesses > 0));
    }

    [Fact]
    public async Task ContinueAsync_FromBeforeWhatBoundedCachesKeep_GivesTheSameLogitsByAReplay()
    {
        _toy.Server.Bound = new BoundedCache(Window: 8, Rows: 20);
        await using var session = _toy.Model.OpenSession();
        int[] said = [.. Enumerable.Range(0, 60).Select(place => place % 6)];
        await session.ContinueAsync(said, cancellationToken: TestContext.Current.CancellationToken);
        int[] other = [.. said[..30], 5, 5];

        var logits = await session.ContinueAsync(other, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(_toy.Toy.Logits(other), logits.Values.ToArray());
        Assert.Equal(1, session.Usage.Replays);
    }

    [Fact]
    public async Task GenerateAsync_ContextEndsAmongGuesses_EndsWhereItDoesWithout()
    {
        var ids = new List<int>();
        await using var session = _toy.Model.OpenSession(maxLength: 40);
        await foreach (var token in session.GenerateAsync(
            Prompt, new GenerationOptions { IgnoreEndOfSequence = true }, TestContext.Current.CancellationToken))
        {
            ids.Add(token.Id);
        }

        Assert.Equal(36, ids.Count);
        Assert.Equal(_toy.Toy.Greedy(Prompt, 36), ids);
    }

    [Fact]
    public async Task GenerateAsync_LeftInTheMiddle_LeavesTheSessionFitToGoOn()
    {
        await using var session = _toy.Model.OpenSession();
        var options = new GenerationOptions { IgnoreEndOfSequence = true };
        var said = new List<int>();
        await foreach (var token in session.GenerateAsync(Prompt, options, TestContext.Current.CancellationToken))
        {
            said.Add(token.Id);
            if (said.Count == 30)
            {
                break;
            }
        }

        int[] next = [.. Prompt, .. said, 2];
        var logits = await session.ContinueAsync(next, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(_toy.Toy.Logits(next), logits.Values.ToArray());
        Assert.True(_toy.Server.StepRows[^1] <= 2);
    }

    [Fact]
    public void Copy_BeyondTheEndOfTheText_GoesOnInItself()
    {
        int[] context = [9, 1, 2, 3, 1, 2, 3];

        var (start, matched) = CopiedGuesses.Find(context);

        Assert.Equal((4, 3), (start, matched));
        Assert.Equal([1, 2, 3, 1, 2, 3, 1], CopiedGuesses.Copy(context, start, 7));
    }

    [Fact]
    public void Find_AnyText_GivesTheLatestOfTheLongestMatches()
    {
        var random = new Random(1);
        for (var trial = 0; trial < 500; trial++)
        {
            int[] context = [.. Enumerable.Range(0, random.Next(40)).Select(_ => random.Next(1, 4))];

            Assert.Equal(BySearch(context), CopiedGuesses.Find(context));
        }

        static (int Start, int Matched) BySearch(ReadOnlySpan<int> context)
        {
            for (var length = Math.Min(6, context.Length - 1); length > 0; length--)
            {
                if (context[..^1].LastIndexOf(context[^length..]) is >= 0 and var place)
                {
                    return (place + length, length);
                }
            }

            return (0, 0);
        }
    }

    [Theory]
    [InlineData(1, 1, 0.9, 0)]
    [InlineData(1, 0.01, 0.02, 0)]
    [InlineData(250, 1, 0.9, 16)]
    public void Best_ByCost_GuessesOnlyWhatPays(double first, double further, double hitRate, int wanted) =>
        Assert.Equal(wanted, GuessPlan.Best((first, further), hitRate, 0, 16).Count);

    private Task<(int[] Ids, int Rounds, int Replays, int Guesses)> RunAsync(
        SamplingOptions sampling, bool speculates) => RunAsync(sampling, speculates, _toy);

    private static async Task<(int[] Ids, int Rounds, int Replays, int Guesses)> RunAsync(
        SamplingOptions sampling, bool speculates, ToyModelFixture toy)
    {
        var rows = new List<int>();
        var options = new GenerationOptions
        {
            MaxNewTokens = 200,
            IgnoreEndOfSequence = true,
            Sampling = sampling,
            Speculates = speculates,
            Observer = step => rows.Add(step.TokenIds.Length),
        };
        var ids = new List<int>();
        var (rounds, replays) = (0, 0);
        await foreach (var token in toy.Model.GenerateAsync(Prompt, options, TestContext.Current.CancellationToken))
        {
            ids.Add(token.Id);
            (rounds, replays) = (token.Usage?.Rounds ?? 0, token.Usage?.Replays ?? 0);
        }

        // The first step is the prompt; each later one has one token that was chosen.
        return ([.. ids], rounds, replays, rows.Skip(1).Sum(count => count - 1));
    }
}
