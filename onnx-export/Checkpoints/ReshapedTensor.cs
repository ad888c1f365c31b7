namespace Stip.Export.Checkpoints;

/// <summary>The same elements in the same order under other axes.</summary>
internal sealed record ReshapedTensor(CheckpointTensor Source, IReadOnlyList<long> Axes)
    : CheckpointTensor(Source.Name, Source.Dtype, Axes)
{
    /// <inheritdoc/>
    public override IFourBitRows? FourBitRows => Axes[^1] == Source.Shape[^1] ? Source.FourBitRows : null;

    public override void Read(long firstElement, Span<float> values) => Source.Read(firstElement, values);

    public override bool HasStoredBytes => Source.HasStoredBytes;

    public override void ReadStored(long firstElement, Span<byte> bytes) =>
        Source.ReadStored(firstElement, bytes);
}
