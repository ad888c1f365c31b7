namespace Stip.Export.Checkpoints;

/// <summary>Consecutive columns of a stored matrix as a matrix of their own.</summary>
/// <param name="Source">The matrix <c>[rows, columns]</c>.</param>
/// <param name="FirstColumn">First column of the cut.</param>
/// <param name="Columns">How many.</param>
internal sealed record TensorColumns(CheckpointTensor Source, int FirstColumn, int Columns)
    : CheckpointTensor(Source.Name, Source.Dtype, [Source.Shape[0], Columns])
{
    public override void Read(long firstElement, Span<float> values)
    {
        for (var done = 0; done < values.Length;)
        {
            var (row, column) = Math.DivRem(firstElement + done, Columns);
            var run = (int)Math.Min(Columns - column, values.Length - done);
            Source.Read((row * Source.Shape[1]) + FirstColumn + column, values.Slice(done, run));
            done += run;
        }
    }
}
