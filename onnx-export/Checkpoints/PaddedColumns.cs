namespace Stip.Export.Checkpoints;

/// <summary>A matrix with columns of zeros before and after its own.</summary>
/// <param name="Source">The matrix <c>[rows, columns]</c>.</param>
/// <param name="Before">Columns of zeros before them.</param>
/// <param name="After">Columns of zeros after them.</param>
internal sealed record PaddedColumns(CheckpointTensor Source, int Before, int After) : CheckpointTensor(
    Source.Name, Source.Dtype, [Source.Shape[0], Before + Source.Shape[1] + After])
{
    public override void Read(long firstElement, Span<float> values)
    {
        values.Clear();
        var (own, width) = (Source.Shape[1], Shape[1]);
        while (!values.IsEmpty)
        {
            var (row, column) = Math.DivRem(firstElement, width);
            var count = (int)Math.Min(values.Length, width - column);
            var (from, to) = (Math.Max(column, Before), Math.Min(column + count, Before + own));
            if (from < to)
            {
                Source.Read((row * own) + from - Before, values[(int)(from - column)..(int)(to - column)]);
            }

            values = values[count..];
            firstElement += count;
        }
    }
}
