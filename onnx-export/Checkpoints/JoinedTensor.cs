namespace Stip.Export.Checkpoints;

/// <summary>Tensors of one shape, end to end along a new first axis.</summary>
internal sealed record JoinedTensor(IReadOnlyList<CheckpointTensor> Parts)
    : CheckpointTensor(Parts[0].Name, Parts[0].Dtype, [Parts.Count, .. Parts[0].Shape])
{
    public override void Read(long firstElement, Span<float> values)
    {
        while (!values.IsEmpty)
        {
            var (part, inside) = Math.DivRem(firstElement, Parts[0].ElementCount);
            var count = (int)Math.Min(values.Length, Parts[0].ElementCount - inside);
            Parts[(int)part].Read(inside, values[..count]);
            values = values[count..];
            firstElement += count;
        }
    }
}
