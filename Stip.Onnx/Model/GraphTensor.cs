using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Model;

/// <summary>
/// A tensor that a graph carries: an initialiser, or the value of a Constant node. Its bytes are never copied.
/// </summary>
internal sealed class GraphTensor
{
    private readonly ReadOnlyMemory<byte> _inline;
    private readonly MappedFile? _file;
    private readonly long _offset;

    public GraphTensor(string name, TensorProto proto, ReadOnlyMemory<byte> inline)
        : this(name, proto) => _inline = inline;

    public GraphTensor(string name, TensorProto proto, MappedFile file, long offset)
        : this(name, proto)
    {
        _file = file;
        _offset = offset;
    }

    private GraphTensor(string name, TensorProto proto)
    {
        Name = name;
        Proto = proto;
        ByteLength = ByteCount(proto);
        Shape = [.. proto.Dims.Select(length => (int)length)];
    }

    /// <summary>Name of the value that nodes read.</summary>
    public string Name { get; }

    public TensorProto Proto { get; }

    public int[] Shape { get; }

    public DataType Type => (DataType)Proto.DataType;

    public long ElementCount => Shape.Aggregate(1L, (product, length) => product * length);

    public long ByteLength { get; }

    /// <summary>True where the bytes lie in a file of their own.</summary>
    public bool IsExternal => _file is not null;

    /// <summary>The bytes from <paramref name="offset"/> on, little-endian, row-major.</summary>
    public ReadOnlySpan<byte> Bytes(long offset, int count) => _file is null
        ? _inline.Span.Slice(checked((int)offset), count)
        : _file.Bytes(_offset + offset, count);

    /// <summary>All bytes of a tensor of at most 2 GiB.</summary>
    public ReadOnlySpan<byte> Bytes() => Bytes(0, checked((int)ByteLength));

    /// <summary>Tells the system that all bytes will be read soon, in any order.</summary>
    public void Prefetch() => _file?.Prefetch(_offset, ByteLength);

    /// <summary>The same bytes under another name.</summary>
    public GraphTensor Named(string name) => name == Name ? this
        : _file is null ? new GraphTensor(name, Proto, _inline)
        : new GraphTensor(name, Proto, _file, _offset);

    /// <summary>Bytes that type and shape ask for.</summary>
    /// <exception cref="RefusedException">No tensor has such a shape.</exception>
    public static long ByteCount(TensorProto proto)
    {
        var bits = (Int128)ElementTypes.Bits((DataType)proto.DataType);
        foreach (var length in proto.Dims)
        {
            bits = length is >= 0 and <= int.MaxValue && bits <= long.MaxValue ? bits * length : -1;
            if (bits < 0)
            {
                break;
            }
        }

        return bits >= 0 && bits <= long.MaxValue - 7 ? ((long)bits + 7) / 8 : throw new RefusedException(
            $"tensor '{proto.Name}' has shape [{string.Join(", ", proto.Dims)}], which no tensor can have");
    }
}
