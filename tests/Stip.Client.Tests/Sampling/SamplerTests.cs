using Stip.Client.Sampling;

namespace Stip.Client.Tests.Sampling;

public sealed class SamplerTests
{
    private static readonly SamplingOptions Greedy = new() { Temperature = 0 };

    [Fact]
    public void Sample_TemperatureZero_IsTheGreatest()
    {
        var random = new Random(3);
        var sampler = new Sampler(Greedy, 500);
        for (var position = 0; position < 200; position++)
        {
            float[] logits = [.. Enumerable.Range(0, 500).Select(_ => (random.NextSingle() * 20) - 10)];
            Assert.Equal(Array.IndexOf(logits, logits.Max()), sampler.Sample(logits, [], position));
        }
    }

    [Theory]
    [InlineData(new[] { 1f, 5f, 5f, 2f }, 1)]
    [InlineData(new[] { -0f, 0f, -1f, -1f }, 0)]
    [InlineData(new[] { float.NegativeInfinity, float.NegativeInfinity, -9f, float.NegativeInfinity }, 2)]
    [InlineData(new[] { 7f, 7f, 7f, 7f }, 0)]
    public void Sample_GreedyTies_GoToTheLowestId(float[] logits, int wanted)
    {
        Assert.Equal(wanted, new Sampler(Greedy, 4).Sample(logits, [], 0));
        Assert.Equal(wanted, new Sampler(new SamplingOptions { TopP = 0 }, 4).Sample(logits, [], 0));
    }

    [Theory]
    [InlineData(1e-3f)]
    [InlineData(1e-30f)]
    [InlineData(1e-38f)]
    public void Sample_TemperatureNearZero_IsTheGreatest(float temperature)
    {
        var sampler = new Sampler(new SamplingOptions { Temperature = temperature, Seed = 4 }, 3);
        var drawn = Enumerable.Range(0, 100).Select(position => sampler.Sample([80f, 81f, -300f], [], position));
        Assert.Equal([1], drawn.Distinct());
    }

    [Fact]
    public void Sample_TopPOverTheFirst_KeepsTheFirstAlone()
    {
        // 0.9 of the mass is the first token's; the second comes in only above that.
        float[] logits = [MathF.Log(0.9f), MathF.Log(0.06f), MathF.Log(0.04f)];
        Assert.Equal([0], Drawn(logits, new SamplingOptions { TopP = 0.89f }));
        Assert.Equal([0, 1], Drawn(logits, new SamplingOptions { TopP = 0.91f }));
        Assert.Equal([0, 1, 2], Drawn(logits, new SamplingOptions { TopP = 1 }));
    }

    [Fact]
    public void Sample_TopKWithTies_KeepsAllThatEqualTheLast()
    {
        Assert.Equal([0, 1, 3], Drawn([3f, 1f, 0f, 1f], new SamplingOptions { TopK = 2 }));
        Assert.Equal([0], Drawn([3f, 1f, 0f, 1f], new SamplingOptions { TopK = 1 }));
        Assert.Equal([0, 1, 2, 3], Drawn([3f, 1f, 0f, 1f], new SamplingOptions { TopK = 400 }));
    }

    [Fact]
    public void Sample_MinP_KeepsWhatIsLikelyEnough()
    {
        float[] logits = [0, MathF.Log(0.5f), MathF.Log(0.2f)];
        Assert.Equal([0, 1], Drawn(logits, new SamplingOptions { MinP = 0.3f }));
        Assert.Equal([0], Drawn(logits, new SamplingOptions { MinP = 1 }));
    }

    [Fact]
    public void Sample_RuledOutTokens_NeverCome()
    {
        Assert.Equal([1, 2], Drawn([float.NegativeInfinity, 0, 0], new SamplingOptions { Temperature = 50 }));
    }

    [Fact]
    public void Sample_Penalties_LowerWhatWasSaid()
    {
        var repetition = new Sampler(Greedy with { RepetitionPenalty = 2 }, 3);
        Assert.Equal(1, repetition.Sample([2f, 1.5f, -1f], [0], 1));
        Assert.Equal(2, repetition.Sample([-2f, -1.5f, -1.9f], [1, 1, 1], 3));
        var frequency = new Sampler(Greedy with { FrequencyPenalty = 0.5f }, 3);
        Assert.Equal(0, frequency.Sample([2f, 1.4f, 0f], [0], 1));
        Assert.Equal(1, frequency.Sample([2f, 1.4f, 0f], [0, 0], 2));
        Assert.Equal(0, frequency.Sample([2f, 1.4f, 0f], [0, 0], 2, promptTokens: 2));
    }

    [Fact]
    public void Sample_SameSeedAndPosition_IsTheSameInAnyOrder()
    {
        var logits = Enumerable.Range(0, 100).Select(id => id * 0.01f).ToArray();
        var options = new SamplingOptions { Seed = 12 };
        var (first, second) = (new Sampler(options, 100), new Sampler(options, 100));
        var forwards = Enumerable.Range(0, 50).Select(position => first.Sample(logits, [], position)).ToArray();
        var backwards = Enumerable.Range(0, 50).Reverse().Select(position => second.Sample(logits, [], position));
        Assert.Equal(forwards, backwards.Reverse());
        Assert.True(forwards.Distinct().Count() > 20);
        Assert.NotEqual(new Sampler(new SamplingOptions(), 9).Seed, new Sampler(new SamplingOptions(), 9).Seed);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Sample_NotFinite_IsRefused(float bad)
    {
        foreach (var temperature in new[] { 0f, 1f })
        {
            var sampler = new Sampler(new SamplingOptions { Temperature = temperature }, 3);
            Assert.Throws<ArgumentException>(() => sampler.Sample([0, bad, 1], [], 0));
        }
    }

    [Fact]
    public void Sample_OtherVocabulary_IsRefused()
    {
        var refusal = Assert.Throws<ArgumentException>(() => new Sampler(Greedy, 3).Sample([1f, 2f], [], 0));
        Assert.Contains("2 logits", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_SteadyState_AllocatesNothing()
    {
        var logits = Enumerable.Range(0, 5000).Select(id => MathF.Sin(id) * 9).ToArray();
        int[] context = [.. Enumerable.Range(0, 200)];
        var options = new SamplingOptions
        {
            Temperature = 0.9f,
            TopK = 50,
            TopP = 0.95f,
            MinP = 0.01f,
            RepetitionPenalty = 1.1f,
            FrequencyPenalty = 0.1f,
        };
        var sampler = new Sampler(options, logits.Length);
        sampler.Sample(logits, context, 0);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var position = 1; position < 100; position++)
        {
            sampler.Sample(logits, context, position);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void Validate_ValuesOutside_AreNamedWithTheirRange()
    {
        var options = new SamplingOptions
        {
            Temperature = -1,
            TopP = 1.5f,
            RepetitionPenalty = 0,
            MinP = float.NaN,
            TopK = -2,
        };
        var refusal = Assert.Throws<ArgumentException>(options.Validate);
        Assert.Equal(
            "temperature is -1; allowed is 0 to 100; top_k is -2; allowed is 0 to 2147483647; "
            + "top_p is 1.5; allowed is 0 to 1; min_p is NaN; allowed is 0 to 1; "
            + "repetition_penalty is 0; allowed is above 0 to 100",
            refusal.Message);
        Assert.Throws<ArgumentException>(() => new Sampler(options, 3));
    }

    [Fact]
    public void Logprobs_OfARow_AreNormalised()
    {
        var (chosen, top) = Logprobs.Of([0, MathF.Log(3), float.NegativeInfinity, 0], chosen: 3, top: 4);
        Assert.Equal(Math.Log(0.2), chosen.Logprob, 6);
        Assert.Equal([1, 0, 3], top.Select(entry => entry.Id));
        Assert.Equal(1, top.Sum(entry => Math.Exp(entry.Logprob)), 6);
        Assert.Equal(double.NegativeInfinity, Logprobs.Of([0, float.NegativeInfinity], 1).Chosen.Logprob);
    }

    private static int[] Drawn(float[] logits, SamplingOptions options)
    {
        var sampler = new Sampler(options with { Seed = 8 }, logits.Length);
        var drawn = Enumerable.Range(0, 2000).Select(position => sampler.Sample(logits, [], position));
        return [.. drawn.Distinct().Order()];
    }
}
