using System.Runtime.InteropServices;
using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>Reads small tensors of the graph as numbers.</summary>
internal static class TensorNumbers
{
    /// <exception cref="NotSupportedException">The element type has no numbers.</exception>
    public static KnownValue Read(GraphTensor tensor)
    {
        var bytes = tensor.Bytes();
        return new KnownValue(tensor.Shape, tensor.Type switch
        {
            DataType.Float => Convert<float>(bytes, value => value),
            DataType.Double => Convert<double>(bytes, value => value),
            DataType.Float16 => Convert<Half>(bytes, value => (double)value),
            DataType.Bfloat16 => Convert<ushort>(bytes, value => BitConverter.Int32BitsToSingle(value << 16)),
            DataType.Int64 => Convert<long>(bytes, value => value),
            DataType.Uint64 => Convert<ulong>(bytes, value => value),
            DataType.Int32 => Convert<int>(bytes, value => value),
            DataType.Uint32 => Convert<uint>(bytes, value => value),
            DataType.Int16 => Convert<short>(bytes, value => value),
            DataType.Uint16 => Convert<ushort>(bytes, value => value),
            DataType.Int8 => Convert<sbyte>(bytes, value => value),
            DataType.Uint8 or DataType.Bool => Convert<byte>(bytes, value => value),
            _ => throw new NotSupportedException($"tensor '{tensor.Name}' of type {tensor.Type}"),
        }, tensor.Type);
    }

    /// <summary>Whole numbers that the graph itself holds; null where it holds none, or holds them in another file.
    /// </summary>
    /// <param name="name">As nodes read it.</param>
    /// <param name="tensor">The tensor; null for a value that is computed.</param>
    public static int[]? HeldIntegers(string name, TensorProto? tensor) =>
        tensor is not null and not { DataLocation: TensorProto.Types.DataLocation.External }
        && (DataType)tensor.DataType is DataType.Int64 or DataType.Int32
            ? Read(InlineData.Open(name, tensor)).Integers
            : null;

    private static double[] Convert<T>(ReadOnlySpan<byte> bytes, Func<T, double> number)
        where T : unmanaged
    {
        var values = MemoryMarshal.Cast<byte, T>(bytes);
        var numbers = new double[values.Length];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = number(values[i]);
        }

        return numbers;
    }
}
