using Stip.Client.Generation;
using Stip.Client.Generation.Choices;
using Stip.Client.Sampling;

namespace Stip.Client.Tests.Generation.Choices;

/// <summary>Forks and readers of several answers to one prompt: when forks are made, what they cost, and who waits for
/// whom.</summary>
public sealed class ChoiceFanTests : IDisposable
{
    private const int Count = 4;
    private static readonly int[] Prompt = [3, 1, 4, 1, 5];
    private readonly ToyModelFixture _toy = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _toy.Dispose();

    // The toy makes the fork, and the caller leaves before it is answered.
    [Fact]
    public async Task GenerateChoicesAsync_LeftWhileAForkIsUnderWay_ReleasesItToo()
    {
        using var cancel = new CancellationTokenSource();
        _toy.Server.OnForkMade = async request =>
        {
            await cancel.CancelAsync();
            await Task.Delay(50, request);
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in _toy.Model.GenerateChoicesAsync(Prompt, All(Sampled()), cancel.Token))
            {
            }
        });

        Assert.True(_toy.Server.Forks > 0);
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateChoicesAsync_Forks_AreMadeSideBySideAndBehindTheFirstToken()
    {
        var (read, all) = (new TaskCompletionSource(), new TaskCompletionSource());
        var asked = 0;
        _toy.Server.OnForkMade = async request =>
        {
            if (Interlocked.Increment(ref asked) == Count - 1)
            {
                all.SetResult();
            }

            await Task.WhenAll(read.Task, all.Task).WaitAsync(TimeSpan.FromSeconds(20), request);
        };
        var ended = 0;

        await foreach (var (_, token) in _toy.Model.GenerateChoicesAsync(Prompt, All(Sampled()), Cancellation))
        {
            read.TrySetResult();
            ended += token.FinishReason is null ? 0 : 1;
        }

        Assert.Equal(Count, ended);
        Assert.Equal(Count - 1, _toy.Server.Forks);
    }

    [Fact]
    public async Task GenerateChoicesAsync_ReadSlowly_WaitsForItsReaderAndGoesOn()
    {
        var options = Sampled() with { MaxNewTokens = 100 };
        var (seen, ended) = (0, 0);

        await foreach (var (_, token) in _toy.Model.GenerateChoicesAsync(Prompt, All(options), Cancellation))
        {
            if (++seen == 5)
            {
                // The toy answers at once: without a bound all would be there long before.
                await Task.Delay(300, Cancellation);
                Assert.InRange(_toy.Server.StepRows.Count, 1, 150);
            }

            ended += token.FinishReason is null ? 0 : 1;
        }

        Assert.Equal(Count, ended);
        Assert.Equal(Count * 100, seen);
    }

    [Fact]
    public async Task GenerateChoicesAsync_WhoseReaderHasEnoughOfOne_EndsThatOneAndReleasesItsSession()
    {
        using var enough = new CancellationTokenSource();
        var options = All(Sampled() with { MaxNewTokens = 200 });
        options[2] = options[2] with { Enough = enough.Token };
        var seen = new int[Count];

        await foreach (var (choice, token) in _toy.Model.GenerateChoicesAsync(Prompt, options, Cancellation))
        {
            seen[choice]++;
            if (choice == 2 && seen[choice] == 3)
            {
                await enough.CancelAsync();
            }
        }

        // What was there already is still read.
        Assert.InRange(seen[2], 3, 80);
        Assert.All(new[] { 0, 1, 3 }, choice => Assert.Equal(200, seen[choice]));
        Assert.Equal(0, _toy.Server.SessionCount);
    }

    [Fact]
    public async Task GenerateChoicesAsync_Forks_AreRoundsOfTheirAnswers()
    {
        var usages = new GenerationUsage?[Count];

        await foreach (var (choice, token) in _toy.Model.GenerateChoicesAsync(Prompt, All(Sampled()), Cancellation))
        {
            usages[choice] = token.Usage;
        }

        Assert.Equal(_toy.Server.StepRows.Count + _toy.Server.Forks, usages.Sum(usage => usage!.Rounds));
        Assert.All(usages, usage => Assert.True(usage!.Client >= TimeSpan.Zero));
    }

    private static GenerationOptions Sampled() => new()
    {
        MaxNewTokens = 12,
        IgnoreEndOfSequence = true,
        Speculates = false,
        Sampling = new SamplingOptions { Temperature = 6, Seed = 11 },
    };

    private static GenerationOptions[] All(GenerationOptions options) =>
        [.. Enumerable.Range(0, Count).Select(options.OfChoice)];
}
