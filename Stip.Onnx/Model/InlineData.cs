using System.Runtime.InteropServices;
using Google.Protobuf;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Model;

/// <summary>Bytes of tensors that lie inside the graph file, whichever of the typed fields holds them.</summary>
internal static class InlineData
{
    /// <exception cref="RefusedException">The tensor holds fewer or more bytes than its shape asks for.</exception>
    public static GraphTensor Open(string name, TensorProto proto)
    {
        var bytes = proto.RawData.Length > 0 ? proto.RawData.Memory : Typed(proto);
        var needed = GraphTensor.ByteCount(proto);
        return bytes.Length == needed
            ? new GraphTensor(name, proto, bytes)
            : throw new RefusedException($"tensor '{name}' has {bytes.Length} bytes, its shape asks for {needed}");
    }

    /// <summary>Takes the bytes out of a tensor, whichever field holds them.</summary>
    public static void Clear(TensorProto tensor)
    {
        tensor.RawData = ByteString.Empty;
        tensor.FloatData.Clear();
        tensor.DoubleData.Clear();
        tensor.Int32Data.Clear();
        tensor.Int64Data.Clear();
        tensor.Uint64Data.Clear();
        tensor.StringData.Clear();
    }

    private static byte[] Typed(TensorProto proto) => (DataType)proto.DataType switch
    {
        DataType.Float or DataType.Complex64 => Copy<float>([.. proto.FloatData]),
        DataType.Double or DataType.Complex128 => Copy<double>([.. proto.DoubleData]),
        DataType.Int64 => Copy<long>([.. proto.Int64Data]),
        DataType.Uint64 => Copy<ulong>([.. proto.Uint64Data]),
        DataType.Uint32 => Copy<uint>([.. proto.Uint64Data.Select(value => (uint)value)]),
        DataType.Int32 => Copy<int>([.. proto.Int32Data]),
        _ => Narrow(proto),
    };

    private static byte[] Narrow(TensorProto proto) => ElementTypes.Bits((DataType)proto.DataType) switch
    {
        16 => Copy<ushort>([.. proto.Int32Data.Select(value => (ushort)value)]),
        8 or 4 => [.. proto.Int32Data.Select(value => (byte)value)],
        _ => [],
    };

    private static byte[] Copy<T>(T[] values)
        where T : unmanaged => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
