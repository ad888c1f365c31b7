using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>A tensor of a safetensors file.</summary>
internal sealed record StoredTensor(SafetensorsFile File, SafetensorsEntry Entry)
    : CheckpointTensor(Entry.Name, Entry.Dtype, Entry.Shape)
{
    private const int CopyBytes = 1 << 20;

    public override void Read(long firstElement, Span<float> values)
    {
        var elementBytes = Dtype.ByteSize();
        TensorConversion.ToFloat32(
            Dtype, File.Bytes(Entry, firstElement * elementBytes, values.Length * elementBytes), values);
    }

    public override bool HasStoredBytes => true;

    public override void ReadStored(long firstElement, Span<byte> bytes) =>
        File.Bytes(Entry, firstElement * Dtype.ByteSize(), bytes.Length).CopyTo(bytes);

    public override void CopyTo(Stream stream)
    {
        for (var offset = 0L; offset < Entry.ByteLength; offset += CopyBytes)
        {
            stream.Write(File.Bytes(Entry, offset, (int)Math.Min(CopyBytes, Entry.ByteLength - offset)));
        }
    }
}
