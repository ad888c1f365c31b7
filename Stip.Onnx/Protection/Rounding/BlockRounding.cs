using System.Numerics.Tensors;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>
/// Rounds 32 neighbouring inputs of an output to small numbers with one scale: to nearest, the same for the same
/// values wherever they stand.
/// </summary>
/// <param name="kind">How far.</param>
/// <param name="scaleType">Type in which scales are stored; a scale is rounded to it before it is used.</param>
internal sealed class BlockRounding(WeightRounding kind, TensorDtype scaleType)
{
    /// <summary>Values that share a scale.</summary>
    public const int BlockLength = 32;

    /// <summary>Blocks that so many inputs take; the last may be filled up with zeros.</summary>
    public static int BlocksOf(int inputs) => (inputs + BlockLength - 1) / BlockLength;

    /// <summary>Bits of a number.</summary>
    public int Bits => kind == WeightRounding.Int4 ? 4 : 8;

    /// <summary>Bytes of the numbers of a block.</summary>
    public int BlockBytes => BlockLength * Bits / 8;

    /// <summary>Type in which scales are stored.</summary>
    public TensorDtype ScaleType => scaleType;

    /// <summary>Rounds a block.</summary>
    /// <param name="values">The 32 values.</param>
    /// <param name="numbers">Is given the numbers, the zero point of the type being what stands for 0.</param>
    /// <returns>The scale.</returns>
    public float Round(ReadOnlySpan<float> values, Span<byte> numbers)
    {
        var extreme = TensorPrimitives.MaxMagnitude(values);

        // Four bits reach from -8 to 7: the largest value takes the longer side, whatever its sign.
        var scale = Stored(Bits == 4 ? extreme / -8 : MathF.Abs(extreme) / 127);
        var (zero, last) = Bits == 4 ? (8, 15) : (128, 255);
        numbers.Clear();
        for (var i = 0; i < values.Length; i++)
        {
            var number = scale == 0 ? zero : Math.Clamp((int)MathF.Round(values[i] / scale) + zero, 0, last);
            numbers[i * Bits / 8] |= (byte)(number << i * Bits % 8);
        }

        return scale;
    }

    private float Stored(float scale)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        Span<float> back = [scale];
        TensorConversion.FromFloat32(back, scaleType, bytes);
        TensorConversion.ToFloat32(scaleType, bytes[..scaleType.ByteSize()], back);
        return back[0];
    }
}
