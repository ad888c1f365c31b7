namespace Stip.Export.Checkpoints;

/// <summary>Consecutive columns of a matrix that is stored with inputs first, as a matrix with outputs first.</summary>
/// <param name="Source">The matrix <c>[inputs, outputs]</c>.</param>
/// <param name="FirstColumn">First column of the cut.</param>
/// <param name="Columns">How many.</param>
internal sealed record TurnedColumns(CheckpointTensor Source, int FirstColumn, int Columns)
    : CheckpointTensor(Source.Name, Source.Dtype, [Columns, Source.Shape[0]])
{
    /// <summary>The same columns as they are stored, inputs first: for a graph that wants them so.</summary>
    public TensorColumns AsStored => new(Source, FirstColumn, Columns);

    /// <summary>Reads every stored row that some of the elements are of once, as far as they are of it.</summary>
    public override void Read(long firstElement, Span<float> values)
    {
        var inputs = Source.Shape[0];
        var (firstColumn, firstRow) = Math.DivRem(firstElement, inputs);
        var (endColumn, endRow) = Math.DivRem(firstElement + values.Length, inputs);
        var stored = new float[endColumn - firstColumn + 1];
        for (var row = 0L; row < inputs; row++)
        {
            var first = row < firstRow ? firstColumn + 1 : firstColumn;
            var count = (int)((row < endRow ? endColumn + 1 : endColumn) - first);
            if (count <= 0)
            {
                continue;
            }

            Source.Read((row * Source.Shape[1]) + FirstColumn + first, stored.AsSpan(0, count));
            for (var column = 0; column < count; column++)
            {
                values[(int)(((first + column) * inputs) + row - firstElement)] = stored[column];
            }
        }
    }
}
