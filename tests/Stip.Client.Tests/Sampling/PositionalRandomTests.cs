using Stip.Client.Sampling;

namespace Stip.Client.Tests.Sampling;

public sealed class PositionalRandomTests
{
    [Fact]
    public void Block_KnownAnswers_AreThoseOfRandom123()
    {
        Assert.Equal(
            (0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u), PositionalRandom.Block(0, 0, 0, 0, 0, 0));
        Assert.Equal(
            (0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu),
            PositionalRandom.Block(~0u, ~0u, ~0u, ~0u, ~0u, ~0u));
        Assert.Equal(
            (0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u),
            PositionalRandom.Block(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0));
    }

    [Fact]
    public void Uniform_ManyPositions_FillTheIntervalEvenly()
    {
        var random = new PositionalRandom(7);
        var counts = new double[64];
        for (var position = 0; position < 64_000; position++)
        {
            counts[(int)(random.Uniform(position) * counts.Length)]++;
        }

        var expected = Enumerable.Repeat(1000.0, counts.Length).ToArray();
        Assert.True(ChiSquare.Fits(counts, expected));
    }

    [Fact]
    public void Uniform_OtherSeedOrLane_IsAnotherNumber()
    {
        var random = new PositionalRandom(1);
        Assert.Equal(random.Uniform(5), new PositionalRandom(1).Uniform(5));
        Assert.NotEqual(random.Uniform(5), new PositionalRandom(2).Uniform(5));
        Assert.NotEqual(random.Uniform(5), random.Uniform(6));
        Assert.NotEqual(random.Uniform(5), random.Uniform(5, lane: 1));
        Assert.NotEqual(random.Uniform(5), new PositionalRandom(1 | (1UL << 40)).Uniform(5));
    }
}
