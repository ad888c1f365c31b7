using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Protocol.Tensors;

namespace Stip.Api.Runtime;

/// <summary>The wire's names of ONNX Runtime's element types.</summary>
internal static class OrtDtypes
{
    private static readonly (TensorDtype Dtype, TensorElementType Ort)[] Table =
    [
        (TensorDtype.Float32, TensorElementType.Float),
        (TensorDtype.Float16, TensorElementType.Float16),
        (TensorDtype.BFloat16, TensorElementType.BFloat16),
        (TensorDtype.Float64, TensorElementType.Double),
        (TensorDtype.Int64, TensorElementType.Int64),
        (TensorDtype.Int32, TensorElementType.Int32),
        (TensorDtype.Int16, TensorElementType.Int16),
        (TensorDtype.Int8, TensorElementType.Int8),
        (TensorDtype.UInt8, TensorElementType.UInt8),
        (TensorDtype.Bool, TensorElementType.Bool),
    ];

    public static TensorElementType ToOrt(this TensorDtype dtype) => Table.First(row => row.Dtype == dtype).Ort;

    public static TensorDtype? FromOrt(TensorElementType type)
    {
        foreach (var row in Table)
        {
            if (row.Ort == type)
            {
                return row.Dtype;
            }
        }

        return null;
    }
}
