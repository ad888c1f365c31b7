namespace Stip.Export.Checkpoints;

/// <summary>A table one of whose rows is zero.</summary>
/// <param name="Source">The table <c>[rows, width]</c>.</param>
/// <param name="Row">Which row that is.</param>
internal sealed record ZeroedRow(CheckpointTensor Source, long Row)
    : CheckpointTensor(Source.Name, Source.Dtype, Source.Shape)
{
    public override void Read(long firstElement, Span<float> values)
    {
        Source.Read(firstElement, values);
        var width = Source.Shape[^1];
        var (from, to) = (
            Math.Max((Row * width) - firstElement, 0), Math.Min(((Row + 1) * width) - firstElement, values.Length));
        if (from < to)
        {
            values[(int)from..(int)to].Clear();
        }
    }
}
