namespace Stip.Protocol.Tensors;

/// <summary>Names and sizes of <see cref="TensorDtype"/>: <c>float32</c> in JSON, <c>F32</c> in safetensors.</summary>
public static class TensorDtypes
{
    private static readonly (TensorDtype Dtype, string Wire, string Safetensors, int Bytes)[] Table =
    [
        (TensorDtype.Float32, "float32", "F32", 4),
        (TensorDtype.Float16, "float16", "F16", 2),
        (TensorDtype.BFloat16, "bfloat16", "BF16", 2),
        (TensorDtype.Float64, "float64", "F64", 8),
        (TensorDtype.Int64, "int64", "I64", 8),
        (TensorDtype.Int32, "int32", "I32", 4),
        (TensorDtype.Int16, "int16", "I16", 2),
        (TensorDtype.Int8, "int8", "I8", 1),
        (TensorDtype.UInt8, "uint8", "U8", 1),
        (TensorDtype.Bool, "bool", "BOOL", 1),
        (TensorDtype.Float8E4M3, "float8_e4m3", "F8_E4M3", 1),
        (TensorDtype.Float8E5M2, "float8_e5m2", "F8_E5M2", 1),
    ];

    /// <summary>Bytes of one element.</summary>
    public static int ByteSize(this TensorDtype dtype) => Table[(int)dtype].Bytes;

    /// <summary>The name in JSON documents, e.g. <c>bfloat16</c>.</summary>
    public static string WireName(this TensorDtype dtype) => Table[(int)dtype].Wire;

    /// <summary>The name in safetensors headers, e.g. <c>BF16</c>.</summary>
    public static string SafetensorsName(this TensorDtype dtype) => Table[(int)dtype].Safetensors;

    /// <summary>True for float32, float16 and bfloat16: the types that rows may travel in.</summary>
    public static bool IsWireFloat(this TensorDtype dtype) => dtype <= TensorDtype.BFloat16;

    /// <summary>Parses a JSON name such as <c>float16</c>; false where there is no such type.</summary>
    public static bool TryParseWire(string? name, out TensorDtype dtype) =>
        TryFind(static row => row.Wire, name, out dtype) && dtype <= TensorDtype.Bool;

    /// <summary>Parses a safetensors name such as <c>F16</c>; false where there is no such type.</summary>
    public static bool TryParseSafetensors(string? name, out TensorDtype dtype) =>
        TryFind(static row => row.Safetensors, name, out dtype);

    private static bool TryFind(
        Func<(TensorDtype Dtype, string Wire, string Safetensors, int Bytes), string> key,
        string? name,
        out TensorDtype dtype)
    {
        foreach (var row in Table)
        {
            if (key(row) == name)
            {
                dtype = row.Dtype;
                return true;
            }
        }

        dtype = default;
        return false;
    }
}
