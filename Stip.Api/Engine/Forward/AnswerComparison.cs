using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine.Forward;

/// <summary>Compares numbers of outputs row by row, piece by piece: no copy of an output is made.</summary>
internal static class AnswerComparison
{
    private const int PieceNumbers = 1024;

    /// <summary>True where the numbers of any row are further off than rounding, in the mean, measured by the mean size
    /// of that row's or of all numbers, whichever is larger. Whole numbers differ by a bit.</summary>
    /// <param name="one">Beginning with the rows.</param>
    /// <param name="other">Of the same type and size a row.</param>
    /// <param name="rows">How many rows of both are compared.</param>
    /// <param name="tolerance">What is rounding, as a part of the size.</param>
    public static bool Differ(TensorPayload one, TensorPayload other, long rows, double tolerance)
    {
        var bytes = rows == 0 ? 0 : (int)(one.Data.Length / one.Shape[0] * rows);
        var left = one.Data.Span[..bytes];
        var right = other.Data.Span[..bytes];
        var dtype = Dtype(one);
        if (!dtype.IsWireFloat() || bytes == 0)
        {
            return !left.SequenceEqual(right);
        }

        var rowBytes = bytes / (int)rows;
        var mean = Off(right, right, dtype).Scale / rows;
        for (var row = 0; row < rows; row++)
        {
            var own = row * rowBytes;
            var (off, scale) = Off(left.Slice(own, rowBytes), right.Slice(own, rowBytes), dtype);

            // What is no number is not within anything.
            if (!(off <= tolerance * Math.Max(scale, mean)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Type of an output.</summary>
    public static TensorDtype Dtype(TensorPayload tensor) =>
        TensorDtypes.TryParseWire(tensor.Dtype, out var dtype) ? dtype : TensorDtype.UInt8;

    private static (double Off, double Scale) Off(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, TensorDtype dtype)
    {
        Span<float> room = stackalloc float[2 * PieceNumbers];
        var (off, scale, pieceBytes) = (0.0, 0.0, PieceNumbers * dtype.ByteSize());
        for (var from = 0; from < left.Length; from += pieceBytes)
        {
            var bytes = Math.Min(pieceBytes, left.Length - from);
            var a = Floats(left.Slice(from, bytes), dtype, room[..PieceNumbers]);
            var b = Floats(right.Slice(from, bytes), dtype, room[PieceNumbers..]);
            for (var i = 0; i < a.Length; i++)
            {
                // Equal infinities are no difference, and neither are two that are no number.
                off += a[i].Equals(b[i]) ? 0 : Math.Abs((double)a[i] - b[i]);
                scale += float.IsFinite(b[i]) ? Math.Abs((double)b[i]) : 0;
            }
        }

        return (off, scale);
    }

    private static ReadOnlySpan<float> Floats(ReadOnlySpan<byte> numbers, TensorDtype dtype, Span<float> room)
    {
        if (dtype == TensorDtype.Float32)
        {
            return MemoryMarshal.Cast<byte, float>(numbers);
        }

        var floats = room[..(numbers.Length / dtype.ByteSize())];
        TensorConversion.ToFloat32(dtype, numbers, floats);
        return floats;
    }
}
