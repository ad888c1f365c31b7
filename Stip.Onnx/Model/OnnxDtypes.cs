using Stip.Protocol.Tensors;

namespace Stip.Onnx.Model;

/// <summary>Element types of ONNX and those of the protocol.</summary>
internal static class OnnxDtypes
{
    private static readonly Dictionary<TensorDtype, TensorProto.Types.DataType> Table = new()
    {
        [TensorDtype.Float32] = TensorProto.Types.DataType.Float,
        [TensorDtype.Float16] = TensorProto.Types.DataType.Float16,
        [TensorDtype.BFloat16] = TensorProto.Types.DataType.Bfloat16,
        [TensorDtype.Float64] = TensorProto.Types.DataType.Double,
        [TensorDtype.Int64] = TensorProto.Types.DataType.Int64,
        [TensorDtype.Int32] = TensorProto.Types.DataType.Int32,
        [TensorDtype.Int16] = TensorProto.Types.DataType.Int16,
        [TensorDtype.Int8] = TensorProto.Types.DataType.Int8,
        [TensorDtype.UInt8] = TensorProto.Types.DataType.Uint8,
        [TensorDtype.Bool] = TensorProto.Types.DataType.Bool,
    };

    private static readonly Dictionary<int, TensorDtype> Reverse =
        Table.ToDictionary(row => (int)row.Value, row => row.Key);

    public static TensorProto.Types.DataType ToOnnx(this TensorDtype dtype) => Table[dtype];

    /// <summary>The protocol's type of an ONNX element type, null where it has none.</summary>
    public static TensorDtype? FromOnnx(int elementType) =>
        Reverse.TryGetValue(elementType, out var dtype) ? dtype : null;
}
