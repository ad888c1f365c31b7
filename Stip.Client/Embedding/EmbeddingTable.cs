using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Client.Embedding;

/// <summary>One memory-mapped table of rows.</summary>
internal sealed class EmbeddingTable(SafetensorsFile file, SafetensorsEntry entry)
{
    private readonly int _rowBytes = checked((int)(entry.Shape[1] * entry.Dtype.ByteSize()));

    public TensorDtype Dtype => entry.Dtype;

    public int Rows { get; } = checked((int)entry.Shape[0]);

    /// <summary>The bytes of one row as they stand in the file.</summary>
    public ReadOnlySpan<byte> Row(int index) => file.Bytes(entry, (long)index * _rowBytes, _rowBytes);

    /// <summary>Adds a row to a sum.</summary>
    public void AddTo(int index, Span<float> sum, Span<float> scratch)
    {
        Widen(index, scratch);
        TensorPrimitives.Add(sum, scratch, sum);
    }

    /// <summary>Widens a row to float32.</summary>
    public void Widen(int index, Span<float> row)
    {
        if (Dtype == TensorDtype.Float32)
        {
            Row(index).CopyTo(MemoryMarshal.AsBytes(row));
        }
        else
        {
            TensorConversion.ToFloat32(Dtype, Row(index), row);
        }
    }
}
