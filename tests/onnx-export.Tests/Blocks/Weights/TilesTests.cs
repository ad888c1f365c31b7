using Stip.Export.Blocks.Weights;
using Stip.Protocol.Tensors;

namespace Stip.Export.Tests.Blocks.Weights;

/// <summary>Tiles whose memory serves one weight after the other.</summary>
public sealed class TilesTests
{
    [Fact]
    public void Tile_ThatIsSlightlyLonger_IsTheSameMemory()
    {
        var (converted, stored) = (new ConvertedTiles(TensorDtype.Float16), new StoredTiles());

        Assert.Same(converted.Tile(1_000), converted.Tile(1_024));
        Assert.Same(stored.Tile(1_000), stored.Tile(1_024));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1_000, 1_024)]
    [InlineData((1 << 24) - 5, 1 << 24)]
    [InlineData((1 << 24) + 5, (1 << 24) + 5)] // a row that is wider than a tile has room for itself alone
    public void Room_OfATile_IsRoundedUpToThatOfTheLargest(int elements, int room) =>
        Assert.Equal(room, TileRoom.For(elements));
}
