using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks;

/// <summary>A projection of the checkpoint that becomes columns <c>[in, out]</c> of a matrix of the graph.</summary>
/// <param name="Tensor">The stored matrix.</param>
/// <param name="Inputs">How its inputs stand in the graph.</param>
/// <param name="Outputs">How its outputs stand in the graph.</param>
/// <param name="StoredOutputsFirst">True for <c>[out, in]</c> (torch Linear), false for <c>[in, out]</c>
/// (Conv1D).</param>
internal sealed record LinearPart(
    CheckpointTensor Tensor, HeadPadding Inputs, HeadPadding Outputs, bool StoredOutputsFirst = true)
{
    /// <summary>Fills graph rows <paramref name="firstRow"/>.. of the columns from <paramref name="column"/>
    /// on.</summary>
    /// <param name="tile">Rows <c>[rows, width]</c>, cleared.</param>
    /// <param name="width">Columns of the whole matrix.</param>
    /// <param name="column">First column of this part.</param>
    /// <param name="firstRow">First row of the tile.</param>
    public void Fill(Span<float> tile, int width, int column, int firstRow)
    {
        if (StoredOutputsFirst)
        {
            FillTransposed(tile, width, column, firstRow);
        }
        else
        {
            FillAsStored(tile, width, column, firstRow);
        }
    }

    private void FillTransposed(Span<float> tile, int width, int column, int firstRow)
    {
        var rows = tile.Length / width;
        var (firstInput, inputs) = Inputs.Sources(firstRow, rows);
        var storedRow = new float[inputs];
        var sources = new int[rows];
        for (var row = 0; row < rows; row++)
        {
            sources[row] = Inputs.Source(firstRow + row) - firstInput;
        }

        for (var output = 0; output < Outputs.Length; output++)
        {
            if (Outputs.Source(output) is not (>= 0 and var stored))
            {
                continue;
            }

            Tensor.Read((long)stored * Inputs.StoredLength + firstInput, storedRow);
            for (var row = 0; row < rows; row++)
            {
                if (sources[row] is >= 0 and var source)
                {
                    tile[row * width + column + output] = storedRow[source];
                }
            }
        }
    }

    private void FillAsStored(Span<float> tile, int width, int column, int firstRow)
    {
        var storedRow = new float[Outputs.StoredLength];
        for (var row = 0; row < tile.Length / width; row++)
        {
            if (Inputs.Source(firstRow + row) is not (>= 0 and var stored))
            {
                continue;
            }

            Tensor.Read((long)stored * Outputs.StoredLength, storedRow);
            for (var output = 0; output < Outputs.Length; output++)
            {
                if (Outputs.Source(output) is >= 0 and var source)
                {
                    tile[row * width + column + output] = storedRow[source];
                }
            }
        }
    }
}
