using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Model;

/// <summary>Sizes of the element types of ONNX.</summary>
internal static class ElementTypes
{
    /// <summary>Bits of one element, 0 where a tensor of that type has no plain bytes.</summary>
    public static int Bits(DataType type) => type switch
    {
        DataType.Complex128 => 128,
        DataType.Double or DataType.Int64 or DataType.Uint64 or DataType.Complex64 => 64,
        DataType.Float or DataType.Int32 or DataType.Uint32 => 32,
        DataType.Float16 or DataType.Bfloat16 or DataType.Int16 or DataType.Uint16 => 16,
        DataType.Int8 or DataType.Uint8 or DataType.Bool => 8,
        DataType.Float8E4M3Fn or DataType.Float8E4M3Fnuz or DataType.Float8E5M2 or DataType.Float8E5M2Fnuz => 8,
        DataType.Int4 or DataType.Uint4 or DataType.Float4E2M1 => 4,
        _ => 0,
    };

    public static bool IsFloat(DataType type) =>
        type is DataType.Float or DataType.Float16 or DataType.Bfloat16 or DataType.Double;

    /// <summary>True where an input or output holds quantities, and not ids, places or switches.</summary>
    public static bool AreQuantities(ValueInfoProto port) => port.Type?.TensorType is { } type
        && (IsFloat((DataType)type.ElemType) || AreBytes((DataType)type.ElemType, type.Shape?.Dim.Count ?? 0));

    // Numbers of bytes with axes enough for features: pictures, caches of 8 bits.
    private static bool AreBytes(DataType type, int rank) => type is DataType.Int8 or DataType.Uint8 && rank > 2;
}
