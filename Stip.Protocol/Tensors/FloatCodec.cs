using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Stip.Protocol.Tensors;

/// <summary>Little-endian bytes of float32, float16 and bfloat16 to and from float32.</summary>
/// <remarks>Widening is exact; narrowing rounds to the nearest, ties to even.</remarks>
public static class FloatCodec
{
    /// <summary>Widens <paramref name="bytes"/> of type <paramref name="dtype"/>.</summary>
    /// <param name="dtype">float32, float16 or bfloat16.</param>
    /// <param name="bytes">Exactly <c>values.Length</c> elements.</param>
    /// <param name="values">Receives the values.</param>
    /// <exception cref="ArgumentException">Another type, or lengths that do not match.</exception>
    public static void Decode(TensorDtype dtype, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        RefuseOtherLengths(dtype, bytes.Length, values.Length);
        switch (dtype)
        {
            case TensorDtype.Float32:
                bytes.CopyTo(MemoryMarshal.AsBytes(values));
                break;
            case TensorDtype.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            default:
                WidenBFloat16(MemoryMarshal.Cast<byte, ushort>(bytes), MemoryMarshal.Cast<float, uint>(values));
                break;
        }
    }

    /// <summary>Writes <paramref name="values"/> as <paramref name="dtype"/>.</summary>
    /// <param name="dtype">float32, float16 or bfloat16.</param>
    /// <param name="values">Values; what float16 cannot hold becomes infinite.</param>
    /// <param name="bytes">Exactly <c>values.Length</c> elements.</param>
    /// <exception cref="ArgumentException">Another type, or lengths that do not match.</exception>
    public static void Encode(TensorDtype dtype, ReadOnlySpan<float> values, Span<byte> bytes)
    {
        RefuseOtherLengths(dtype, bytes.Length, values.Length);
        switch (dtype)
        {
            case TensorDtype.Float32:
                MemoryMarshal.AsBytes(values).CopyTo(bytes);
                break;
            case TensorDtype.Float16:
                TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes));
                break;
            default:
                NarrowBFloat16(MemoryMarshal.Cast<float, uint>(values), MemoryMarshal.Cast<byte, ushort>(bytes));
                break;
        }
    }

    private static void RefuseOtherLengths(TensorDtype dtype, int bytes, int values)
    {
        if (!dtype.IsWireFloat() || bytes != (long)values * dtype.ByteSize())
        {
            throw new ArgumentException($"{bytes} bytes of {dtype.WireName()} are not {values} floating-point values");
        }
    }

    private static void WidenBFloat16(ReadOnlySpan<ushort> halves, Span<uint> bits)
    {
        for (var i = 0; i < bits.Length; i++)
        {
            bits[i] = (uint)halves[i] << 16;
        }
    }

    private static void NarrowBFloat16(ReadOnlySpan<uint> bits, Span<ushort> halves)
    {
        for (var i = 0; i < halves.Length; i++)
        {
            var value = bits[i];
            var isNaN = (value & 0x7FFF_FFFF) > 0x7F80_0000;
            halves[i] = isNaN ? (ushort)(value >> 16 | 0x40) : (ushort)(value + 0x7FFF + (value >> 16 & 1) >> 16);
        }
    }
}
