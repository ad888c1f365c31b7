using System.Text.Json;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;

namespace Stip.Export.Tests.Blocks;

public sealed class RotaryFrequenciesTests
{
    private const int HeadDim = 8;
    private const int Positions = 8192;
    private static readonly double[] Plain = [1, 0.1, 0.01, 0.001];

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"rope_theta": 10000}""")]
    [InlineData("""{"rope_scaling": null, "rope_theta": 10000.0}""")]
    [InlineData("""{"rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}}""")]
    [InlineData("""{"rope_scaling": {"type": "dynamic", "factor": 4.0}}""")]
    public void Read_OfThePlainKinds_GivesPowersOfTheta(string config) => AssertNear(Plain, Read(config));

    [Theory]
    [InlineData("""{"rope_scaling": {"type": "linear", "factor": 4.0}}""")]
    [InlineData("""{"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 10000.0}}""")]
    public void Read_OfLinearScaling_DividesEveryPair(string config) =>
        AssertNear([.. Plain.Select(frequency => frequency / 4)], Read(config));

    [Fact]
    public void Read_OfLlama3Scaling_KeepsFastPairsSlowsSlowOnesAndBlendsBetween()
    {
        var frequencies = Read("""
            {"rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
             "original_max_position_embeddings": 1000}}
            """);

        // Wavelengths are 6.28, 62.8, 628 and 6283 tokens; kept below 250, slowed beyond 1000.
        var smooth = (1000 / 628.3185307 - 1) / 3;
        AssertNear([1, 0.1, (1 - smooth) * 0.01 / 8 + smooth * 0.01, 0.001 / 8], frequencies);
    }

    [Fact]
    public void Read_OfYarn_InterpolatesSlowPairsAndRaisesTheMagnitude()
    {
        var frequencies = Read("""
            {"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 2048}}
            """);

        // Pairs 1.0 .. 2.5 turn 32 .. 1 times in 2048 tokens: pair 0 is kept, pair 3 interpolated.
        Assert.Equal(0.1 * Math.Log(4) + 1, frequencies.Magnitude, 1e-12);
        Assert.Equal(1, frequencies.Inverse[0], 1e-6);
        Assert.Equal(0.001 / 4, frequencies.Inverse[3], 1e-9);
        Assert.InRange(frequencies.Inverse[2], 0.01 / 4, 0.01);
    }

    [Fact]
    public void Read_OfNtkScaling_SlowsTheLastPairByTheFactor()
    {
        // base 20,000; all pairs 2^(1/4) slower: the last one turns half as fast as without scaling.
        var all = Math.Pow(2, 0.25);
        AssertNear(
            [1 / all, Math.Pow(20000, -0.25) / all, Math.Pow(20000, -0.5) / all, 0.001 / 2],
            Read("""{"rope_scaling": {"type": "ntk", "factor": 2.0}}"""));
    }

    [Fact]
    public void Read_OfMixedNtkScaling_SlowsPairsByAPowerOfTheirPlace() => AssertNear(
        [1 / Math.Pow(4, 0.25), 0.1 / Math.Pow(4, 0.5), 0.01 / Math.Pow(4, 0.75), 0.001 / 4],
        Read("""{"rope_scaling": {"type": "ntk", "factor": 4.0, "mixed_b": 1.0}}"""));

    private static RotaryFrequencies Read(string config) =>
        RotaryFrequencies.Read(
            new ConfigJson("config.json", JsonDocument.Parse(config).RootElement), HeadDim, Positions);

    private static void AssertNear(double[] expected, RotaryFrequencies actual)
    {
        Assert.Equal(1, actual.Magnitude);
        Assert.Equal(expected.Length, actual.Inverse.Length);
        Assert.All(expected.Zip(actual.Inverse), pair => Assert.Equal(1, pair.Second / pair.First, 1e-6));
    }
}
