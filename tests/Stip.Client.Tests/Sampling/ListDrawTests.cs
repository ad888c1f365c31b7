using Stip.Client.Sampling;
using Stip.Client.Sealing;
using Stip.Keys.Bundles;

namespace Stip.Client.Tests.Sampling;

/// <summary>What is drawn from the largest logits is what the full row gives, or nothing.</summary>
public sealed class ListDrawTests
{
    private const int Draws = 800;
    private const int VocabSize = 300;
    private const int ListLength = 24;
    private static readonly int[] Context = [3, 7, 7, 11, 7, 250, 251];

    public static TheoryData<SamplingOptions, bool> AllOptions()
    {
        SamplingOptions[] options =
        [
            new(),
            new() { Temperature = 0 },
            new() { Temperature = 0.6f },
            new() { Temperature = 1.7f },
            new() { TopK = 5 },
            new() { TopP = 0.8f },
            new() { TopP = 0.999f },
            new() { MinP = 0.1f },
            new() { RepetitionPenalty = 1.4f },
            new() { RepetitionPenalty = 0.7f },
            new() { PresencePenalty = 0.7f, FrequencyPenalty = 0.4f },
            new() { PresencePenalty = -0.7f },
            new() { Temperature = 0, FrequencyPenalty = 1.5f },
            new() { LogitBias = new Dictionary<int, float> { [5] = -100, [299] = -2, [17] = -0.5f } },
            new() { LogitBias = new Dictionary<int, float> { [5] = 4, [299] = 2 } },
            new() { Temperature = 1.3f, TopK = 20, TopP = 0.9f, MinP = 0.02f, RepetitionPenalty = 1.2f },
        ];
        var data = new TheoryData<SamplingOptions, bool>();
        foreach (var option in options)
        {
            data.Add(option, false);
            data.Add(option, true);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(AllOptions))]
    public void TrySample_ManyPositions_GivesWhatTheFullRowGives(SamplingOptions options, bool isFiltered)
    {
        var random = new Random(11);
        var sampler = new Sampler(options with { Seed = 5 }, VocabSize);
        var filter = isFiltered ? new EvenTokens() : null;
        var told = 0;
        for (var position = 0; position < Draws; position++)
        {
            // Rounded, so that some are equal.
            float[] logits =
            [
                .. Enumerable.Range(0, VocabSize).Select(_ => MathF.Round(MathF.Log(random.NextSingle()) * -2, 2)),
            ];
            var drawn = sampler.TrySample(List(logits, options.Temperature), Context, position, 2, filter);
            if (drawn is { } id)
            {
                told++;
                Assert.Equal(sampler.Sample(logits, Context, position, 2, filter), id);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{options}, filtered {isFiltered}: {told} of {Draws} told");
        // Half of the list is filtered away: top-k 20 of the rest is never certain.
        var isHopeless = options.RaisesSeenTokens || options.LogitBias.Values.Any(bias => bias > 1)
            || (isFiltered && options.TopK == 20);
        Assert.True(told > 0 || isHopeless, "none told");
    }

    // What is not listed bounds what a few tokens can weigh.
    [Theory]
    [InlineData(1f)]
    [InlineData(1.7f)]
    public void TrySample_WithAFewSuppressed_GivesWhatTheFullRowGivesMoreOften(float temperature)
    {
        var random = new Random(21);
        var sampler = new Sampler(new SamplingOptions { Temperature = temperature, Seed = 5 }, VocabSize);
        var suppressed = new SuppressedTokens(
            new SequenceManifest(8, 0) { SuppressTokens = [40, 120, 299] }, [], 1, other: null);
        var (told, unbounded) = (0, 0);
        for (var position = 0; position < Draws; position++)
        {
            float[] logits = [.. Enumerable.Range(0, VocabSize).Select(_ => MathF.Log(random.NextSingle()) * -2)];
            var list = List(logits, temperature);
            unbounded += sampler.TrySample(list, [], position, 0, new Unknown(suppressed)) is null ? 0 : 1;
            if (sampler.TrySample(list, [], position, 0, suppressed) is { } id)
            {
                told++;
                Assert.Equal(sampler.Sample(logits, [], position, 0, suppressed), id);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{told} of {Draws} told, {unbounded} without a bound");
        Assert.InRange(told, unbounded + 50, Draws);
    }

    // Beside the favourites, everything else is less than the rounding of a sum in float32.
    [Theory]
    [InlineData(1f, 18f)]
    [InlineData(1f, 40f)]
    [InlineData(0.7f, 13f)]
    [InlineData(0.02f, 30f)]
    public void TrySample_FavouritesThatAreRuledOut_GivesWhatTheFullRowGives(float temperature, float gap)
    {
        const int size = 494;
        var random = new Random(17);
        var sampler = new Sampler(
            new SamplingOptions
            {
                Temperature = temperature,
                Seed = 5,
                LogitBias = new Dictionary<int, float> { [0] = -100, [1] = -100 },
            },
            size);
        var filter = new SuppressedTokens(new SequenceManifest(8, 0) { SuppressTokens = [0, 1] }, [], 1, other: null);
        var unbiased = new Sampler(new SamplingOptions { Temperature = temperature, Seed = 5 }, size);
        for (var position = 0; position < Draws; position++)
        {
            // Thirty-one tokens are nearly as likely as the only one of the list that is known to come before them.
            float[] logits =
            [
                .. Enumerable.Range(0, size).Select(id => id switch
                {
                    < 2 => random.NextSingle(),
                    2 => -gap,
                    < 34 => -gap - (0.11f * temperature),
                    _ => -gap - 60,
                }),
            ];
            var list = List(logits, temperature, length: 4, FloatLogsumexp(logits, temperature));

            Assert.Contains(
                sampler.TrySample(list, [], position), new int?[] { null, sampler.Sample(logits, [], position) });
            Assert.Contains(
                unbiased.TrySample(list, [], position, 0, filter),
                new int?[] { null, unbiased.Sample(logits, [], position, 0, filter) });
        }
    }

    [Fact]
    public void TrySample_RetriedWithTheFullRow_FollowsTheDistribution()
    {
        // Flat enough that about a third of the mass is not listed.
        var random = new Random(3);
        float[] logits = [.. Enumerable.Range(0, 60).Select(_ => random.NextSingle() * 2)];
        var list = List(logits, 1);
        var counts = new double[logits.Length];
        var retries = 0;
        const int seeds = 40_000;
        for (var seed = 0; seed < seeds; seed++)
        {
            var sampler = new Sampler(new SamplingOptions { Seed = (ulong)seed }, logits.Length);
            var id = sampler.TrySample(list, [], 9);
            retries += id is null ? 1 : 0;
            counts[id ?? sampler.Sample(logits, [], 9)]++;
        }

        var expected = ReferenceDistribution.Of(logits, [], new SamplingOptions());
        Assert.True(ChiSquare.Fits(counts, [.. expected.Select(p => p * seeds)]), string.Join(' ', counts));
        Assert.InRange(retries, seeds / 10, seeds / 2);
    }

    [Fact]
    public void TrySample_WholeVocabularyListed_NeverNeedsTheRow()
    {
        float[] logits = [1, 3, 3, -2];
        var row = LogitsRow.TopK([1, 2, 0, 3], [3, 3, 1, -2], 3.8);
        var sampler = new Sampler(new SamplingOptions { TopP = 1, RepetitionPenalty = 3, Seed = 1 }, 4);
        for (var position = 0; position < 200; position++)
        {
            Assert.Equal(sampler.Sample(logits, [1, 1], position), sampler.TrySample(row, [1, 1], position));
        }
    }

    [Fact]
    public void Of_ListWithLogsumexp_GivesWhatTheFullRowGives()
    {
        var random = new Random(8);
        float[] logits = [.. Enumerable.Range(0, VocabSize).Select(_ => random.NextSingle() * 12)];
        var list = List(logits, 1);
        var chosen = list.TokenIds.Span[3];

        var fromList = Logprobs.Of(list, chosen, 5);
        var (own, top) = Logprobs.Of(logits, chosen, 5);

        Assert.Equal(own.Logprob, fromList.Chosen.Logprob, 1e-6);
        Assert.Equal(top.Select(token => token.Id), fromList.Top.Select(token => token.Id));
    }

    // As servers sum.
    private static double FloatLogsumexp(float[] logits, float temperature)
    {
        var (largest, inverse) = (logits.Max(), 1 / temperature);
        var sum = logits.Aggregate(0f, (sum, logit) => sum + MathF.Exp((logit - largest) * inverse));
        return (largest / (double)temperature) + Math.Log(sum);
    }

    private static LogitsRow List(
        float[] logits, float temperature, int length = ListLength, double? logsumexp = null)
    {
        var divisor = temperature == 0 ? 1.0 : temperature;
        // As the server sorts: equal ones by an order that has nothing to do with token ids.
        var ids = Enumerable.Range(0, logits.Length).OrderByDescending(id => logits[id]).ThenBy(id => id * 7919 % 1009)
            .Take(length).ToArray();
        return LogitsRow.TopK(
            ids,
            [.. ids.Select(id => logits[id])],
            logsumexp ?? Math.Log(logits.Sum(logit => Math.Exp(logit / divisor))));
    }

    private sealed class Unknown(ITokenFilter filter) : ITokenFilter
    {
        public bool Allows(int tokenId) => filter.Allows(tokenId);
    }

    private sealed class EvenTokens : ITokenFilter
    {
        public bool Allows(int tokenId) => tokenId % 2 == 0;
    }
}
