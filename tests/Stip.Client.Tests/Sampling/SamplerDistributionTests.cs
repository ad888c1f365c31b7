using Stip.Client.Sampling;

namespace Stip.Client.Tests.Sampling;

public sealed class SamplerDistributionTests
{
    private const int Draws = 40_000;
    private static readonly int[] Context = [3, 7, 7, 11, 7];

    public static TheoryData<SamplingOptions> AllOptions() =>
    [
        new SamplingOptions(),
        new SamplingOptions { Temperature = 0.6f },
        new SamplingOptions { Temperature = 1.7f },
        new SamplingOptions { TopK = 5 },
        new SamplingOptions { TopK = 1 },
        new SamplingOptions { TopP = 0.8f },
        new SamplingOptions { MinP = 0.1f },
        new SamplingOptions { RepetitionPenalty = 1.4f },
        new SamplingOptions { PresencePenalty = 0.7f, FrequencyPenalty = -0.4f },
        new SamplingOptions
        {
            Temperature = 1.3f, TopK = 20, TopP = 0.9f, MinP = 0.02f, RepetitionPenalty = 1.2f, PresencePenalty = 0.2f,
        },
    ];

    [Theory]
    [MemberData(nameof(AllOptions))]
    public void Sample_ManyPositions_FollowTheReference(SamplingOptions options)
    {
        var logits = Logits(vocabularySize: 40, seed: 5, spread: 2);
        var sampler = new Sampler(options with { Seed = 99 }, logits.Length);
        var counts = new double[logits.Length];
        for (var position = 0; position < Draws; position++)
        {
            counts[sampler.Sample(logits, Context, position)]++;
        }

        var expected = Array.ConvertAll(ReferenceDistribution.Of(logits, Context, options), p => p * Draws);
        Assert.True(ChiSquare.Fits(counts, expected), string.Join(' ', counts));
    }

    [Fact(Explicit = true)]
    [Trait("Category", "Slow")]
    public void Sample_LargeFlatVocabulary_FollowsTheReference()
    {
        // Wide enough that a draw passes through every band of the ranking.
        var logits = Logits(vocabularySize: 3000, seed: 6, spread: 8);
        var options = new SamplingOptions { Temperature = 8, Seed = 1 };
        var sampler = new Sampler(options, logits.Length);
        var groups = new double[30];
        for (var position = 0; position < Draws; position++)
        {
            groups[sampler.Sample(logits, [], position) / 100]++;
        }

        var expected = ReferenceDistribution.Of(logits, [], options).Chunk(100).Select(p => p.Sum() * Draws).ToArray();
        Assert.True(ChiSquare.Fits(groups, expected));
    }

    private static float[] Logits(int vocabularySize, int seed, float spread)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, vocabularySize).Select(_ => ((random.NextSingle() * 2) - 1) * spread)];
    }
}
