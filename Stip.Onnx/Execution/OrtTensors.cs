using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Execution;

/// <summary>Between tensors of ONNX Runtime on the host and <see cref="HostTensor"/>.</summary>
internal static class OrtTensors
{
    public static TensorElementType ToOrt(this TensorDtype dtype) => (TensorElementType)(int)dtype.ToOnnx();

    /// <summary>An owned tensor of the host allocator. Its bytes are zero.</summary>
    public static OrtValue Allocate(TensorDtype dtype, params long[] shape)
    {
        var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, dtype.ToOrt(), shape);
        if (!shape.Contains(0))
        {
            value.GetTensorMutableRawData().Clear();
        }

        return value;
    }

    public static OrtValue FromHost(HostTensor tensor)
    {
        var value = Allocate(tensor.Dtype, [.. tensor.Shape]);
        if (tensor.Bytes.Length > 0)
        {
            tensor.Bytes.CopyTo(value.GetTensorMutableRawData());
        }

        return value;
    }

    public static HostTensor ToHost(OrtValue value)
    {
        var info = value.GetTensorTypeAndShape();
        var dtype = DtypeOf(info.ElementDataType);
        if (info.ElementCount > Array.MaxLength / dtype.ByteSize())
        {
            throw new RefusedException(
                $"the graph gives {info.ElementCount} numbers of {dtype.WireName()} at once, in shape "
                + $"[{string.Join(", ", info.Shape)}]; at most {Array.MaxLength / dtype.ByteSize()} fit");
        }

        return new HostTensor(
            dtype, info.Shape, info.ElementCount == 0 ? [] : value.GetTensorMutableRawData().ToArray());
    }

    public static GraphPort Describe(string name, NodeMetadata metadata) =>
        new(name, DtypeOf(name, metadata), [.. metadata.Dimensions.Select(length => (long)length)]);

    private static TensorDtype DtypeOf(string name, NodeMetadata metadata) =>
        !metadata.IsTensor ? throw new RefusedException(
            $"'{name}' of the graph is no tensor; only tensors go in and out")
        : OnnxDtypes.FromOnnx((int)metadata.ElementDataType) ?? throw new RefusedException(
            $"'{name}' of the graph is of type {metadata.ElementDataType}, which no tensor here has");

    private static TensorDtype DtypeOf(TensorElementType type) => OnnxDtypes.FromOnnx((int)type)
        ?? throw new NotSupportedException($"tensors of type {type} are not supported");
}
