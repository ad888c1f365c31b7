using Microsoft.Extensions.Time.Testing;
using Stip.Client.Bundles;
using Stip.Client.Generation;
using Stip.Client.Sampling;
using Stip.Client.Transport;
using Stip.TestKit;
using Stip.TestKit.Toys;

namespace Stip.Client.Tests.Speculation;

/// <summary>Guessing never costs more than a twentieth of the time, whatever a further row costs, where the text offers
/// matches that mean nothing; and it pays where they do.</summary>
public sealed class SpeculationCostTests
{
    private const double MostLoss = 1.05;
    private static readonly int[] Prompt = [3, 1, 4, 1, 5, 0, 2, 0, 5, 1, 3, 2, 4, 4, 1, 0];

    [Theory]
    [InlineData(6, 0.05)]
    [InlineData(6, 0.2)]
    [InlineData(6, 0.5)]
    [InlineData(6, 1)]
    [InlineData(24, 0.2)]
    [InlineData(24, 0.5)]
    [InlineData(24, 1)]
    [InlineData(200, 0.5)]
    public async Task GenerateAsync_MatchesByChance_CostAtMostATwentieth(int vocabSize, double furtherRow)
    {
        var (alone, guessed) = (0.0, 0.0);
        for (var seed = 1ul; seed <= 5; seed++)
        {
            alone += await TimeAsync(vocabSize, furtherRow, seed, speculates: false);
            guessed += await TimeAsync(vocabSize, furtherRow, seed, speculates: true);
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{guessed / alone:0.000}");
        Assert.True(guessed <= alone * MostLoss, $"{guessed / alone:0.000} of the time without");
    }

    /// <summary>Milliseconds of 100 tokens by a clock that moves with the rows, nothing being known at first.</summary>
    private static async Task<double> TimeAsync(int vocabSize, double furtherRow, ulong seed, bool speculates)
    {
        using var folder = new TemporaryFolder();
        var toy = new ToyModel(vocabSize);
        var server = new ToyServer(toy);
        ToyBundle.Write(folder.Path, toy);
        var clock = new FakeTimeProvider();
        var options = new StipHttpClientOptions { Time = clock };
        using var client = new StipHttpClient(
            StipConnection.Open(new Uri("http://toy.test"), "key", options, server), options);
        using var bundle = Bundle.Open(folder.Path);
        var time = 0.0;
        server.DuringStep = () =>
        {
            var rows = server.Steps[^1].PromptEmbeds.Shape[0];
            var step = 1 + (furtherRow * (rows - 1)) + Unrest(server.Steps.Count);
            clock.Advance(TimeSpan.FromMilliseconds(step));
            time += server.Steps.Count == 1 ? 0 : step;
        };
        var generation = new GenerationOptions
        {
            MaxNewTokens = 100,
            IgnoreEndOfSequence = true,
            Sampling = new SamplingOptions { Temperature = 1.5f, Seed = seed },
            Speculates = speculates,
        };
        await foreach (var token in new StipModel(bundle, client).GenerateAsync(
            Prompt, generation, TestContext.Current.CancellationToken))
        {
        }

        return time;
    }

    // Times of a machine that has other work: up to half a round more, now and then two.
    private static double Unrest(int step) => (step * 7919 % 101 / 200.0) + (step % 17 == 0 ? 2 : 0);
}
