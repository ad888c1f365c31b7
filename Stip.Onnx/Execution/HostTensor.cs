using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Execution;

/// <summary>A tensor in host memory: little-endian bytes, row-major.</summary>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Lengths of its axes; empty for a scalar.</param>
/// <param name="Bytes">Exactly the bytes that dtype and shape ask for.</param>
public sealed record HostTensor(TensorDtype Dtype, IReadOnlyList<long> Shape, byte[] Bytes)
{
    /// <summary>Number of elements: the product of the shape.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, length) => product * length);

    /// <summary>A float32 tensor; the values are copied.</summary>
    public static HostTensor FromFloats(ReadOnlySpan<float> values, params long[] shape) =>
        new(TensorDtype.Float32, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>An int64 tensor; the values are copied.</summary>
    public static HostTensor FromIntegers(ReadOnlySpan<long> values, params long[] shape) =>
        new(TensorDtype.Int64, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>An int32 tensor; the values are copied.</summary>
    public static HostTensor FromIntegers(ReadOnlySpan<int> values, params long[] shape) =>
        new(TensorDtype.Int32, shape, MemoryMarshal.AsBytes(values).ToArray());

    /// <summary>The values as float32.</summary>
    /// <exception cref="ArgumentException">The tensor is not float32, float16 or bfloat16.</exception>
    public float[] ToFloats()
    {
        var values = new float[ElementCount];
        TensorConversion.ToFloat32(Dtype, Bytes, values);
        return values;
    }

    /// <summary>The values as integers.</summary>
    /// <exception cref="ArgumentException">The tensor is none of integers.</exception>
    public long[] ToIntegers() => Dtype switch
    {
        TensorDtype.Int64 => MemoryMarshal.Cast<byte, long>(Bytes).ToArray(),
        TensorDtype.Int32 => [.. MemoryMarshal.Cast<byte, int>(Bytes).ToArray()],
        TensorDtype.Int16 => [.. MemoryMarshal.Cast<byte, short>(Bytes).ToArray()],
        TensorDtype.Int8 => [.. MemoryMarshal.Cast<byte, sbyte>(Bytes).ToArray()],
        TensorDtype.UInt8 => [.. Bytes],
        _ => throw new ArgumentException($"{Dtype.WireName()} is not an integer type"),
    };

    /// <summary>The same values in another floating-point or integer type; itself where the type is this one.</summary>
    /// <exception cref="ArgumentException">There is no conversion between the types.</exception>
    /// <exception cref="OverflowException">An integer is outside the range of the other type.</exception>
    public HostTensor ConvertTo(TensorDtype dtype)
    {
        if (dtype == Dtype)
        {
            return this;
        }

        if (dtype.IsWireFloat() && Dtype.IsWireFloat())
        {
            var bytes = new byte[ElementCount * dtype.ByteSize()];
            TensorConversion.FromFloat32(ToFloats(), dtype, bytes);
            return new HostTensor(dtype, Shape, bytes);
        }

        return dtype switch
        {
            TensorDtype.Int32 => FromIntegers([.. ToIntegers().Select(value => checked((int)value))], [.. Shape]),
            TensorDtype.Int64 => FromIntegers(ToIntegers(), [.. Shape]),
            TensorDtype.Int16 => Narrowed(dtype, value => checked((short)value)),
            TensorDtype.Int8 => Narrowed(dtype, value => checked((sbyte)value)),
            TensorDtype.UInt8 => Narrowed(dtype, value => checked((byte)value)),
            _ => throw new ArgumentException($"{Dtype.WireName()} is not converted to {dtype.WireName()}"),
        };
    }

    private HostTensor Narrowed<T>(TensorDtype dtype, Converter<long, T> narrow)
        where T : unmanaged =>
        new(dtype, Shape, MemoryMarshal.AsBytes<T>(Array.ConvertAll(ToIntegers(), narrow)).ToArray());
}
