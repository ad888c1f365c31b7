using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace Stip.Protocol.Tensors;

/// <summary>Converts little-endian rows between the three types that rows travel in.</summary>
/// <remarks>Narrowing rounds to nearest, ties to even; what is beyond float16 becomes an infinity.</remarks>
public static class TensorConversion
{
    private const int ChunkElements = 1024;

    /// <summary>Converts every element of <paramref name="source"/>.</summary>
    /// <param name="from">Type of <paramref name="source"/>: float32, float16 or bfloat16.</param>
    /// <param name="source">Little-endian elements.</param>
    /// <param name="to">Type of <paramref name="destination"/>: float32, float16 or bfloat16.</param>
    /// <param name="destination">Room for as many elements as the source has.</param>
    /// <exception cref="ArgumentException">A type that rows do not travel in, or too little room.</exception>
    public static void Convert(TensorDtype from, ReadOnlySpan<byte> source, TensorDtype to, Span<byte> destination)
    {
        if (from == to)
        {
            source.CopyTo(destination);
        }
        else if (to == TensorDtype.Float32)
        {
            ToFloat32(from, source, MemoryMarshal.Cast<byte, float>(destination));
        }
        else if (from == TensorDtype.Float32)
        {
            FromFloat32(MemoryMarshal.Cast<byte, float>(source), to, destination);
        }
        else
        {
            Span<float> wide = stackalloc float[ChunkElements];
            var (read, write) = (from.ByteSize(), to.ByteSize());
            while (source.Length >= read)
            {
                var chunk = wide[..Math.Min(ChunkElements, source.Length / read)];
                ToFloat32(from, source[..(chunk.Length * read)], chunk);
                FromFloat32(chunk, to, destination);
                source = source[(chunk.Length * read)..];
                destination = destination[(chunk.Length * write)..];
            }
        }
    }

    /// <summary>Widens to float32.</summary>
    /// <param name="from">Type of <paramref name="source"/>.</param>
    /// <param name="source">Little-endian elements.</param>
    /// <param name="destination">Room for as many elements as the source has.</param>
    /// <exception cref="ArgumentException">A type that rows do not travel in, or too little room.</exception>
    public static void ToFloat32(TensorDtype from, ReadOnlySpan<byte> source, Span<float> destination)
    {
        switch (from)
        {
            case TensorDtype.Float32:
                MemoryMarshal.Cast<byte, float>(source).CopyTo(destination);
                break;
            case TensorDtype.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(source), destination);
                break;
            case TensorDtype.BFloat16:
                var upper = MemoryMarshal.Cast<byte, ushort>(source);
                var bits = MemoryMarshal.Cast<float, uint>(destination)[..upper.Length];
                TensorPrimitives.ConvertTruncating(upper, bits);
                TensorPrimitives.ShiftLeft(bits, 16, bits);
                break;
            default:
                throw Refused(from);
        }
    }

    /// <summary>Narrows from float32.</summary>
    /// <param name="source">Elements.</param>
    /// <param name="to">Type of <paramref name="destination"/>.</param>
    /// <param name="destination">Room for as many elements as the source has.</param>
    /// <exception cref="ArgumentException">A type that rows do not travel in, or too little room.</exception>
    public static void FromFloat32(ReadOnlySpan<float> source, TensorDtype to, Span<byte> destination)
    {
        switch (to)
        {
            case TensorDtype.Float32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                break;
            case TensorDtype.Float16:
                TensorPrimitives.ConvertToHalf(source, MemoryMarshal.Cast<byte, Half>(destination));
                break;
            case TensorDtype.BFloat16:
                RoundToBFloat16(MemoryMarshal.Cast<float, uint>(source), MemoryMarshal.Cast<byte, ushort>(destination));
                break;
            default:
                throw Refused(to);
        }
    }

    /// <summary>True where no element is a NaN or an infinity.</summary>
    /// <exception cref="ArgumentException">A type that rows do not travel in.</exception>
    public static bool AllFinite(TensorDtype dtype, ReadOnlySpan<byte> data) => dtype switch
    {
        TensorDtype.Float32 => TensorPrimitives.IsFiniteAll(MemoryMarshal.Cast<byte, float>(data)),
        TensorDtype.Float16 => NoExponentFull(MemoryMarshal.Cast<byte, ushort>(data), 0x7C00),
        TensorDtype.BFloat16 => NoExponentFull(MemoryMarshal.Cast<byte, ushort>(data), 0x7F80),
        _ => throw Refused(dtype),
    };

    private static bool NoExponentFull(ReadOnlySpan<ushort> bits, ushort exponentMask)
    {
        foreach (var element in bits)
        {
            if ((element & exponentMask) == exponentMask)
            {
                return false;
            }
        }

        return true;
    }

    private static void RoundToBFloat16(ReadOnlySpan<uint> source, Span<ushort> destination)
    {
        for (var i = 0; i < source.Length; i++)
        {
            var bits = source[i];
            var isNaN = (bits & 0x7FFF_FFFF) > 0x7F80_0000;
            destination[i] = (ushort)(isNaN ? (bits >> 16) | 0x40 : (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
        }
    }

    private static ArgumentException Refused(TensorDtype dtype) =>
        new($"rows travel as float32, float16 or bfloat16, not as {dtype.WireName()}", nameof(dtype));
}
