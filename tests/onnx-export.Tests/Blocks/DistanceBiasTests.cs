using Stip.Export.Blocks.Positions;

namespace Stip.Export.Tests.Blocks;

public sealed class DistanceBiasTests
{
    // What lets a graph look up no distance beyond the farthest.
    [Theory]
    [InlineData(32, 128)]
    [InlineData(32, 20)]
    [InlineData(8, 12)]
    [InlineData(5, 3)]
    [InlineData(64, 1000)]
    public void BucketOf_ADistanceBeyondTheFarthest_IsThatOfTheFarthest(int buckets, int farthest)
    {
        foreach (var isTwoSided in new[] { true, false })
        {
            var bias = new DistanceBias(buckets, Heads: 1)
            {
                Buckets = buckets,
                Farthest = farthest,
                IsTwoSided = isTwoSided,
            };
            foreach (var distance in new[] { farthest + 1, 2 * farthest, 100_000 })
            {
                Assert.Equal(bias.BucketOf(farthest), bias.BucketOf(distance));
                Assert.Equal(bias.BucketOf(-farthest), bias.BucketOf(-distance));
            }
        }
    }
}
