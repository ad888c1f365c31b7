using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Tests.Checkpoints;

/// <summary>Columns of a matrix that is stored with inputs first.</summary>
public sealed class TurnedColumnsTests
{
    private const int Inputs = 5;
    private const int Outputs = 9;
    private const int First = 2;
    private const int Columns = 4;

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 1)]
    [InlineData(0, Inputs)]
    [InlineData(4, 2)]
    [InlineData(3, 11)]
    [InlineData(7, 13)]
    [InlineData(0, Inputs * Columns)]
    public void Read_OfAnyPart_GivesTheColumns(int first, int count)
    {
        var values = new float[count];

        new TurnedColumns(new Counted(), First, Columns).Read(first, values);

        Assert.Equal(
            Enumerable.Range(first, count).Select(i => Value(i % Inputs, First + (i / Inputs))), values);
    }

    [Fact]
    public void Fill_OfAGraphThatWantsThemAsStored_ReadsEachRowOnce()
    {
        var source = new Counted();
        var part = new LinearPart(
            new TurnedColumns(source, First, Columns), HeadPadding.None(Inputs), HeadPadding.None(Columns));
        var tile = new float[Inputs * Columns];

        part.Fill(tile, Inputs, Columns, column: 0, firstRow: 0);

        Assert.Equal(
            Enumerable.Range(0, tile.Length).Select(i => Value(i / Columns, First + (i % Columns))), tile);
        Assert.Equal(Inputs, source.Reads);
    }

    private static float Value(int row, int column) => (row * Outputs) + column;

    private sealed record Counted() : CheckpointTensor("wide", TensorDtype.Float32, [Inputs, Outputs])
    {
        private int _reads;

        public int Reads => _reads;

        public override void Read(long firstElement, Span<float> values)
        {
            Interlocked.Increment(ref _reads);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = firstElement + i;
            }
        }
    }
}
