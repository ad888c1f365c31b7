namespace Stip.Export.Checkpoints;

/// <summary>A matrix <c>[out, in]</c> whose groups of outputs read a group of the inputs each, stored as blocks
/// <c>[groups, in / groups, out / groups]</c>.</summary>
internal sealed record BlockMatrix(CheckpointTensor Source) : CheckpointTensor(
    Source.Name, Source.Dtype, [Source.Shape[0] * Source.Shape[2], Source.Shape[0] * Source.Shape[1]])
{
    private readonly Lazy<float[]> _blocks = new(() =>
    {
        var blocks = new float[Source.ElementCount];
        Source.Read(0, blocks);
        return blocks;
    });

    public override void Read(long firstElement, Span<float> values)
    {
        var (inputs, outputs) = (Source.Shape[1], Source.Shape[2]);
        for (var i = 0; i < values.Length; i++)
        {
            var (row, column) = Math.DivRem(firstElement + i, Shape[1]);
            values[i] = row / outputs == column / inputs
                ? _blocks.Value[(((row / outputs * inputs) + (column % inputs)) * outputs) + (row % outputs)]
                : 0;
        }
    }
}
