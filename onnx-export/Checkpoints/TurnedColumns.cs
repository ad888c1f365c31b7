namespace Stip.Export.Checkpoints;

/// <summary>Consecutive columns of a matrix that is stored with inputs first, as a matrix with outputs first.</summary>
/// <param name="Source">The matrix <c>[inputs, outputs]</c>.</param>
/// <param name="FirstColumn">First column of the cut.</param>
/// <param name="Columns">How many.</param>
internal sealed record TurnedColumns(CheckpointTensor Source, int FirstColumn, int Columns)
    : CheckpointTensor(Source.Name, Source.Dtype, [Columns, Source.Shape[0]])
{
    public override void Read(long firstElement, Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            var (column, row) = Math.DivRem(firstElement + i, Source.Shape[0]);
            Source.Read((row * Source.Shape[1]) + FirstColumn + column, values.Slice(i, 1));
        }
    }
}
