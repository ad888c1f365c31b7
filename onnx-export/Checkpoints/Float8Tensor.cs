using System.Numerics.Tensors;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Checkpoints;

/// <summary>
/// A tensor in 8-bit floats, or whole numbers of 8 bits, with scales: one for each block of 128 × 128, for each row, or
/// for all. Its numbers are widened to float32, exactly.
/// </summary>
/// <param name="Stored">The numbers.</param>
/// <param name="Scales">The scales, in the order of their blocks.</param>
/// <param name="BlockLengths">Elements of a block along each axis.</param>
internal sealed record Float8Tensor(StoredTensor Stored, float[] Scales, IReadOnlyList<long> BlockLengths)
    : CheckpointTensor(Stored.Name, TensorDtype.Float32, Stored.Shape)
{
    private const int Block = 128;
    private const int NumberBits = 8;
    private const int ExponentBias = 7;
    private const int MantissaBits = 3;

    private static readonly float[] Table = [.. Enumerable.Range(0, 1 << NumberBits).Select(Value)];

    /// <summary>What the scales of a tensor may be called: DeepSeek's blocks, compressed-tensors' rows.</summary>
    public static IEnumerable<string> ScaleNames(string name) => [$"{name}_scale_inv", $"{name}_scale"];

    /// <summary>Such a tensor; without scales its numbers are those that are stored.</summary>
    /// <exception cref="RefusedException">The scales are of another shape or type.</exception>
    public static Float8Tensor Of(StoredTensor stored, StoredTensor? scale)
    {
        if (scale is null || scale.ElementCount == 1)
        {
            return new Float8Tensor(stored, scale is null ? [1] : Read(scale), stored.Shape);
        }

        var lengths = scale.Shape.Count != stored.Shape.Count ? []
            : stored.Shape.Zip(scale.Shape, BlockLength).OfType<long>().ToArray();
        return lengths.Length == stored.Shape.Count && scale.Dtype.IsWireFloat()
            ? new Float8Tensor(stored, Read(scale), lengths)
            : throw new RefusedException($"tensor '{scale.Name}' is {scale.Dtype.WireName()} of shape "
                + $"[{string.Join(", ", scale.Shape)}]; scales of '{stored.Name}' "
                + $"([{string.Join(", ", stored.Shape)}]) are floats, one for each block of {Block}, each row or all");
    }

    /// <inheritdoc/>
    public override void Read(long firstElement, Span<float> values)
    {
        var bytes = new byte[values.Length];
        Stored.ReadStored(firstElement, bytes);
        var length = Shape.Count == 0 ? 1 : Shape[^1];
        var step = BlockLengths.Count == 0 ? 1 : BlockLengths[^1];
        for (var done = 0; done < values.Length;)
        {
            var element = firstElement + done;
            var place = element % length;
            var count = (int)Math.Min(values.Length - done, Math.Min(length - place, step - (place % step)));
            var part = values.Slice(done, count);
            Widen(bytes.AsSpan(done, count), part);
            TensorPrimitives.Multiply(part, Scales[ScaleOf(element)], part);
            done += count;
        }
    }

    private static long? BlockLength(long length, long scales) =>
        scales == 1 ? length
        : scales == length ? 1
        : scales == (length + Block - 1) / Block ? Block
        : null;

    private static float[] Read(StoredTensor scale)
    {
        var values = new float[scale.ElementCount];
        scale.Read(0, values);
        return values;
    }

    private static float Value(int bits)
    {
        var (sign, magnitude) = (bits >> (NumberBits - 1) == 0 ? 1f : -1f, bits & 0x7F);
        var (exponent, mantissa) = (magnitude >> MantissaBits, magnitude & ((1 << MantissaBits) - 1));
        return magnitude == 0x7F ? float.NaN
            : exponent == 0 ? sign * MathF.ScaleB(mantissa, 1 - ExponentBias - MantissaBits)
            : sign * MathF.ScaleB((1 << MantissaBits) + mantissa, exponent - ExponentBias - MantissaBits);
    }

    private void Widen(ReadOnlySpan<byte> bytes, Span<float> values)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            values[i] = Stored.Dtype switch
            {
                TensorDtype.Float8E4M3 => Table[bytes[i]],
                TensorDtype.Int8 => (sbyte)bytes[i],

                // E5M2 is the upper half of a float16.
                _ => (float)BitConverter.UInt16BitsToHalf((ushort)(bytes[i] << NumberBits)),
            };
        }
    }

    private long ScaleOf(long element)
    {
        if (Scales.Length == 1)
        {
            return 0;
        }

        var (index, stride) = (0L, 1L);
        for (var axis = Shape.Count - 1; axis >= 0; axis--)
        {
            index += element % Shape[axis] / BlockLengths[axis] * stride;
            stride *= (Shape[axis] + BlockLengths[axis] - 1) / BlockLengths[axis];
            element /= Shape[axis];
        }

        return index;
    }
}
