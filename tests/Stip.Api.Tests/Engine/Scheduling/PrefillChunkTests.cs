using Stip.Api.Engine.Scheduling;

namespace Stip.Api.Tests.Engine.Scheduling;

public class PrefillChunkTests
{
    [Theory]
    [InlineData(0, false, 0, 128)]
    [InlineData(0, false, 511, 128)]
    [InlineData(0, false, 512, 64)]
    [InlineData(0, true, 0, 512)]
    [InlineData(0, true, 100_000, 512)]
    [InlineData(96, false, 0, 96)]
    [InlineData(96, true, 4000, 96)]
    public void RowsAt_APosition_DependsOnThePositionAndTheMachineOnly(int fixedRows, bool device, int at, int rows) =>
        Assert.Equal(rows, new PrefillChunk(fixedRows, device).RowsAt(at));

    // Each row is a run of its own: a chunk is what everybody else waits for.
    [Theory]
    [InlineData(0, false, 4)]
    [InlineData(0, true, 4)]
    [InlineData(96, false, 96)]
    public void RowsAt_WhereRowsRunOneByOne_AreFew(int fixedRows, bool device, int rows) =>
        Assert.Equal(rows, new PrefillChunk(fixedRows, device, takesOneRow: true).RowsAt(1000));
}
