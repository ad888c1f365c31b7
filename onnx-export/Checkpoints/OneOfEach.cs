using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A table that tells its rows apart and says nothing else: zeros, and behind them a one in a column of each
/// row's own.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Rows">How many rows.</param>
/// <param name="Before">Columns of zeros before the rows' own.</param>
internal sealed record OneOfEach(string Name, int Rows, int Before)
    : CheckpointTensor(Name, TensorDtype.Float32, [Rows, Before + Rows])
{
    public override void Read(long firstElement, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = Math.DivRem(firstElement + i, Shape[1]);
            values[i] = column == Before + row ? 1 : 0;
        }
    }
}
