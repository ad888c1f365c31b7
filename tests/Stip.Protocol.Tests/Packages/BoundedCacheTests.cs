using Stip.Protocol.Packages;

namespace Stip.Protocol.Tests.Packages;

public sealed class BoundedCacheTests
{
    public static TheoryData<int, int> Sizes => new() { { 1, 1 }, { 1, 4 }, { 8, 8 }, { 8, 9 }, { 8, 13 }, { 5, 40 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Kept_OfEveryLength_IsWhatTokenByTokenIsKept(int window, int rows)
    {
        var cache = new BoundedCache(window, rows);
        List<int> kept = [];
        for (var tokens = 1; tokens < 4 * rows + 10; tokens++)
        {
            var room = cache.Room(tokens - 1);
            kept.Add(tokens - 1);
            Assert.Equal(room == 0, kept.Count > rows);
            if (kept.Count > rows)
            {
                kept.RemoveRange(0, kept.Count - window);
            }

            Assert.Equal(kept.Count, cache.Kept(tokens));
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void CanRewind_ExactlyWhereTheSameFirstTokenIsKept_OrToTheStart(int window, int rows)
    {
        var cache = new BoundedCache(window, rows);
        for (var tokens = 0; tokens < 3 * rows + 10; tokens++)
        {
            for (var position = 0; position <= tokens; position++)
            {
                Assert.Equal(
                    position == 0 || tokens - cache.Kept(tokens) == position - cache.Kept(position),
                    cache.CanRewind(tokens, position));
            }
        }
    }

    [Theory]
    [InlineData(64, 4096, null, 80)]
    [InlineData(4096, 32768, null, 5120)]
    [InlineData(64, 70, null, 70)]
    [InlineData(64, 32, null, 64)]
    [InlineData(64, 4096, 0, 64)]
    [InlineData(64, 4096, int.MaxValue, 4096)]
    public void For_ASession_HasTheWindowAndWhatMayBeRewound(int window, int tokens, int? spare, int rows) =>
        Assert.Equal(rows, BoundedCache.For(window, tokens, spare).Rows);
}
