namespace Stip.Export.Checkpoints;

/// <summary>A matrix whose rows go on with the columns of another.</summary>
/// <param name="Source">The matrix <c>[rows, columns]</c>.</param>
/// <param name="Turned">The other <c>[further columns, rows]</c>, held in memory while it is read.</param>
internal sealed record WidenedRows(CheckpointTensor Source, CheckpointTensor Turned) : CheckpointTensor(
    Source.Name, Source.Dtype, [Source.Shape[0], Source.Shape[1] + Turned.Shape[0]])
{
    private readonly Lazy<float[]> _turned = new(() =>
    {
        var values = new float[Turned.ElementCount];
        Turned.Read(0, values);
        return values;
    });

    public override void Read(long firstElement, Span<float> values)
    {
        var (own, rows) = (Source.Shape[1], Source.Shape[0]);
        for (var i = 0; i < values.Length;)
        {
            var (row, column) = Math.DivRem(firstElement + i, Shape[1]);
            if (column < own)
            {
                var count = (int)Math.Min(own - column, values.Length - i);
                Source.Read((row * own) + column, values.Slice(i, count));
                i += count;
            }
            else
            {
                values[i++] = _turned.Value[((column - own) * rows) + row];
            }
        }
    }
}
