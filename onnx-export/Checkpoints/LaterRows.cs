using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A table without its first rows.</summary>
internal sealed record LaterRows : CheckpointTensor
{
    private const int CopyElements = 1 << 16;

    private readonly CheckpointTensor _table;
    private readonly long _first;

    /// <param name="table">The table <c>[rows, width]</c>.</param>
    /// <param name="firstRow">Rows left out.</param>
    public LaterRows(CheckpointTensor table, int firstRow)
        : base(table.Name, table.Dtype, [table.Shape[0] - firstRow, table.Shape[1]]) =>
        (_table, _first) = (table, firstRow * table.Shape[1]);

    public override void Read(long firstElement, Span<float> values) => _table.Read(_first + firstElement, values);

    // Widening to float32 and back gives the same bits.
    public override void CopyTo(Stream stream)
    {
        var values = new float[CopyElements];
        var bytes = new byte[CopyElements * Dtype.ByteSize()];
        for (var first = 0L; first < ElementCount; first += CopyElements)
        {
            var count = (int)Math.Min(CopyElements, ElementCount - first);
            Read(first, values.AsSpan(0, count));
            var part = bytes.AsSpan(0, count * Dtype.ByteSize());
            TensorConversion.FromFloat32(values.AsSpan(0, count), Dtype, part);
            stream.Write(part);
        }
    }
}
