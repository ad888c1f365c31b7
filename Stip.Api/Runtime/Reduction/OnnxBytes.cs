using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Stip.Api.Runtime.Reduction;

/// <summary>Writes the fields of an ONNX message. The server reads such messages field by field and needs no library
/// for the one small graph that it writes.</summary>
internal sealed class OnnxBytes
{
    private const int Varint = 0;
    private const int Delimited = 2;
    private readonly ArrayBufferWriter<byte> _message = new();

    public byte[] ToArray() => _message.WrittenSpan.ToArray();

    public OnnxBytes Number(int field, long value)
    {
        Write((ulong)field << 3 | Varint);
        Write((ulong)value);
        return this;
    }

    public OnnxBytes Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    public OnnxBytes Message(int field, OnnxBytes message) => Bytes(field, message.ToArray());

    public OnnxBytes Bytes(int field, ReadOnlySpan<byte> value)
    {
        Write((ulong)field << 3 | Delimited);
        Write((ulong)value.Length);
        _message.Write(value);
        return this;
    }

    /// <summary>Numbers as a tensor's raw data.</summary>
    public OnnxBytes Raw(int field, ReadOnlySpan<double> values)
    {
        var bytes = new byte[values.Length * sizeof(double)];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(i * sizeof(double)), values[i]);
        }

        return Bytes(field, bytes);
    }

    private void Write(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _message.Write([(byte)(value | 0x80)]);
        }

        _message.Write([(byte)value]);
    }
}
