using Stip.Api.Engine.Caches;

namespace Stip.Api.Tests.Engine.Caches;

public sealed class SlotSegmentsTests
{
    [Theory]
    [InlineData(new[] { 3 }, "3+1")]
    [InlineData(new[] { 0, 1, 2, 3 }, "0+4")]
    [InlineData(new[] { 0, 1, 2, 4 }, "0+5")]
    [InlineData(new[] { 0, 9 }, "0+1 9+1")]
    [InlineData(new[] { 0, 1, 2, 3, 4, 5, 6, 9 }, "0+10")]
    public void Slots_CloseToOneAnother_FormOneRange(int[] slots, string expected) =>
        Assert.Equal(expected, Cut(slots, _ => true));

    [Fact]
    public void FullSession_ThatIsNotActive_IsNeverInARange() =>
        Assert.Equal("0+3 4+1", Cut([0, 1, 2, 4], slot => slot != 3));

    private static string Cut(int[] slots, Func<int, bool> canIdle)
    {
        var segments = new List<(int First, int Count)>();
        SlotSegments.Cut(slots, canIdle, segments);
        return string.Join(' ', segments.Select(segment => $"{segment.First}+{segment.Count}"));
    }
}
