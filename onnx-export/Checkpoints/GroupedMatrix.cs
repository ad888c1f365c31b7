namespace Stip.Export.Checkpoints;

/// <summary>A projection whose outputs read a group of inputs each, as a matrix with zeros for the others.</summary>
/// <param name="Source">Stored <c>[outputs, inputs / groups, 1]</c>, outputs group after group.</param>
/// <param name="Groups">How many groups there are.</param>
internal sealed record GroupedMatrix(CheckpointTensor Source, int Groups) : CheckpointTensor(
    Source.Name, Source.Dtype, [Source.Shape[0], Source.Shape[1] * Groups])
{
    public override void Read(long firstElement, Span<float> values)
    {
        values.Clear();
        var (own, width) = ((int)Source.Shape[1], Shape[1]);
        var together = Shape[0] / Groups;
        while (!values.IsEmpty)
        {
            var (row, column) = Math.DivRem(firstElement, width);
            var count = (int)Math.Min(values.Length, width - column);
            var first = row / together * own;
            var (from, to) = (Math.Max(column, first), Math.Min(column + count, first + own));
            if (from < to)
            {
                Source.Read((row * own) + from - first, values[(int)(from - column)..(int)(to - column)]);
            }

            values = values[count..];
            firstElement += count;
        }
    }
}
