namespace Stip.Export.Checkpoints;

/// <summary>Consecutive rows of a stored tensor as a tensor of their own.</summary>
/// <param name="Source">Tensor whose first axis is cut.</param>
/// <param name="FirstRow">First row of the cut.</param>
/// <param name="Rows">How many.</param>
internal sealed record TensorRows(CheckpointTensor Source, long FirstRow, long Rows)
    : CheckpointTensor(Source.Name, Source.Dtype, [Rows, .. Source.Shape.Skip(1)])
{
    /// <inheritdoc/>
    public override IFourBitRows? FourBitRows => Source.FourBitRows is { } rows ? new Cut(rows, FirstRow) : null;

    public override void Read(long firstElement, Span<float> values) =>
        Source.Read(FirstRow * (Source.ElementCount / Source.Shape[0]) + firstElement, values);

    public override bool HasStoredBytes => Source.HasStoredBytes;

    public override void ReadStored(long firstElement, Span<byte> bytes) =>
        Source.ReadStored(FirstRow * (Source.ElementCount / Source.Shape[0]) + firstElement, bytes);

    private sealed class Cut(IFourBitRows rows, long firstRow) : IFourBitRows
    {
        public bool HasOffsets => rows.HasOffsets;

        public void Read(long row, Span<byte> pairs, Span<float> scales, Span<float> offsets) =>
            rows.Read(firstRow + row, pairs, scales, offsets);
    }
}
