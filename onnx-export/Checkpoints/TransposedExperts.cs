namespace Stip.Export.Checkpoints;

/// <summary>Matrices of experts that a checkpoint stores <c>[experts, in, out]</c>, as <c>[experts, out, in]</c>.
/// </summary>
internal sealed record TransposedExperts(CheckpointTensor Source)
    : CheckpointTensor(Source.Name, Source.Dtype, [Source.Shape[0], Source.Shape[2], Source.Shape[1]])
{
    private readonly Lock _lock = new();
    private float[]? _expert; // [out, in]
    private long _index = -1;

    public override void Read(long firstElement, Span<float> values)
    {
        var length = Shape[1] * Shape[2];
        while (!values.IsEmpty)
        {
            var (index, inside) = Math.DivRem(firstElement, length);
            var count = (int)Math.Min(values.Length, length - inside);
            Expert(index).AsSpan((int)inside, count).CopyTo(values);
            values = values[count..];
            firstElement += count;
        }
    }

    // Rows of one expert are asked for together, from several threads: it is turned once.
    private float[] Expert(long index)
    {
        lock (_lock)
        {
            if (_index != index || _expert is null)
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
                (_expert, _index) = (turned, index);
            }

            return _expert;
        }
    }
}
