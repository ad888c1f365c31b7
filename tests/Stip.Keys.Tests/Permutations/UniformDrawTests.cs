using Stip.Keys.Permutations;
using Stip.TestKit;

namespace Stip.Keys.Tests.Permutations;

public sealed class UniformDrawTests
{
    // The 99.99 % point of chi-square with 5 degrees of freedom.
    private const double ChiSquareLimit = 25.7;

    [Fact]
    public void Random_OfThreeItems_DrawsAllSixOrdersAlike()
    {
        const int draws = 6000;
        var random = new SeededRandom(1);

        var counts = Enumerable.Range(0, draws)
            .GroupBy(_ => string.Join(',', Permutation.Random(3, random).Targets.ToArray()))
            .Select(group => group.Count()).ToArray();

        Assert.Equal(6, counts.Length);
        Assert.InRange(counts.Sum(count => Math.Pow(count - (draws / 6.0), 2) / (draws / 6.0)), 0, ChiSquareLimit);
    }

    [Fact]
    public void Below_SixOfEight_ThrowsLargerDrawsAway()
    {
        const int draws = 6000;
        var random = new SeededRandom(2);

        var counts = Enumerable.Range(0, draws).GroupBy(_ => UniformDraw.Below(6, random))
            .ToDictionary(group => group.Key, group => group.Count());

        Assert.Equal(Enumerable.Range(0, 6), counts.Keys.Order());
        var chiSquare = counts.Values.Sum(count => Math.Pow(count - (draws / 6.0), 2) / (draws / 6.0));
        Assert.InRange(chiSquare, 0, ChiSquareLimit);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(1 << 30)]
    [InlineData(int.MaxValue)]
    public void Below_AnyLimit_StaysBelowIt(int limit)
    {
        var random = new SeededRandom(3);
        for (var i = 0; i < 100; i++)
        {
            Assert.InRange(UniformDraw.Below(limit, random), 0, limit - 1);
        }
    }

    [Fact]
    public void Below_Nothing_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => UniformDraw.Below(0, new SeededRandom(4)));
}
