namespace Stip.Export.Checkpoints;

/// <summary>Matrices of experts that a checkpoint stores <c>[experts, in, out]</c>, as <c>[experts, out, in]</c>.
/// </summary>
/// <param name="Source">The tensor as it is stored.</param>
/// <param name="Turned">The expert in memory, one for all such tensors of a graph.</param>
internal sealed record TransposedExperts(CheckpointTensor Source, TurnedExpert Turned)
    : CheckpointTensor(Source.Name, Source.Dtype, [Source.Shape[0], Source.Shape[2], Source.Shape[1]])
{
    public override void Read(long firstElement, Span<float> values)
    {
        var length = Shape[1] * Shape[2];
        while (!values.IsEmpty)
        {
            var (index, inside) = Math.DivRem(firstElement, length);
            var count = (int)Math.Min(values.Length, length - inside);
            Turned.Of(this, index, () => Turn(index)).AsSpan((int)inside, count).CopyTo(values);
            values = values[count..];
            firstElement += count;
        }
    }

    // [out, in]
    private float[] Turn(long index)
    {
        var (outputs, inputs) = ((int)Shape[1], (int)Shape[2]);
        var stored = new float[outputs * inputs];
        Source.Read(index * stored.Length, stored);
        var turned = new float[stored.Length];
        Parallel.For(0, outputs, output =>
        {
            for (var input = 0; input < inputs; input++)
            {
                turned[(output * inputs) + input] = stored[(input * outputs) + output];
            }
        });
        return turned;
    }
}
