using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Arithmetic over rows of logits.</summary>
internal static class LogitsRows
{
    private const int ChunkElements = 1024;

    /// <summary>False where a row has a NaN or +∞, or nothing but −∞; masked entries may be −∞.</summary>
    /// <param name="dtype">Of whole rows.</param>
    /// <param name="rows">Whole rows, or what is wanted of each.</param>
    /// <param name="rowBytes">Bytes of one.</param>
    /// <param name="top">What is there of each.</param>
    public static bool AreNumbers(TensorDtype dtype, ReadOnlySpan<byte> rows, int rowBytes, TopRow top = default)
    {
        for (var at = 0; at < rows.Length; at += rowBytes)
        {
            var row = rows.Slice(at, rowBytes);
            if (!(top.IsWhole ? AreNumbers(dtype, row) : double.IsFinite(TopRow.LogSumExp(row))))
            {
                return false;
            }
        }

        return true;
    }

    private static bool AreNumbers(TensorDtype dtype, ReadOnlySpan<byte> logits)
    {
        if (dtype == TensorDtype.Float32)
        {
            // The maximum of a span with a NaN is that NaN.
            return float.IsFinite(TensorPrimitives.Max(MemoryMarshal.Cast<byte, float>(logits)));
        }

        // Bits above the largest finite number, of either sign; only the negative infinity itself is allowed.
        var infinity = (ushort)(dtype == TensorDtype.Float16 ? 0x7C00 : 0x7F80);
        var isAny = false;
        foreach (var bits in MemoryMarshal.Cast<byte, ushort>(logits))
        {
            var isMasked = bits == (infinity | 0x8000);
            if ((bits & 0x7FFF) >= infinity && !isMasked)
            {
                return false;
            }

            isAny |= !isMasked;
        }

        return isAny;
    }

    /// <summary>log Σ exp(logit / temperature), summed in float64.</summary>
    public static double LogSumExp(ReadOnlySpan<float> row, double temperature)
    {
        Span<float> chunk = stackalloc float[ChunkElements];
        var largest = TensorPrimitives.Max(row);
        var inverse = (float)(1 / temperature);
        var sum = 0.0;
        for (var start = 0; start < row.Length; start += ChunkElements)
        {
            var part = row.Slice(start, Math.Min(ChunkElements, row.Length - start));
            var scaled = chunk[..part.Length];
            TensorPrimitives.Subtract(part, largest, scaled);
            TensorPrimitives.Multiply(scaled, inverse, scaled);
            TensorPrimitives.Exp(scaled, scaled);
            sum += TensorPrimitives.Sum<float>(scaled);
        }

        return largest / temperature + Math.Log(sum);
    }

    /// <summary>The k largest, largest first; among equals the lower index first.</summary>
    /// <param name="row">Without NaN, at least k entries.</param>
    /// <param name="indices">Receives k.</param>
    /// <param name="values">Receives k; an entry that is masked is shown as the smallest float.</param>
    public static void TopK(ReadOnlySpan<float> row, Span<int> indices, Span<float> values)
    {
        // A heap with the least of the kept ones on top. Its threshold only grows, so whole vectors are passed over.
        var k = indices.Length;
        for (var i = 0; i < k; i++)
        {
            (indices[i], values[i]) = (i, row[i]);
        }

        for (var root = k / 2 - 1; root >= 0; root--)
        {
            SiftDown(indices, values, root);
        }

        for (var i = k; (i += FirstAbove(row[i..], values[0])) < row.Length; i++)
        {
            (indices[0], values[0]) = (i, row[i]);
            SiftDown(indices, values, 0);
        }

        for (var last = k - 1; last > 0; last--)
        {
            (indices[0], indices[last]) = (indices[last], indices[0]);
            (values[0], values[last]) = (values[last], values[0]);
            SiftDown(indices[..last], values[..last], 0);
        }

        // JSON has no infinities.
        TensorPrimitives.Max(values, float.MinValue, values);
    }

    // The first entry above a value; the length of the row where there is none.
    private static int FirstAbove(ReadOnlySpan<float> row, float value)
    {
        var i = 0;
        for (; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
        {
            if (Vector.GreaterThanAny(new Vector<float>(row[i..]), new Vector<float>(value)))
            {
                break;
            }
        }

        while (i < row.Length && !(row[i] > value))
        {
            i++;
        }

        return i;
    }

    private static void SiftDown(Span<int> indices, Span<float> values, int parent)
    {
        while (2 * parent + 1 is var child && child < indices.Length)
        {
            if (child + 1 < indices.Length && IsLess(indices, values, child + 1, child))
            {
                child++;
            }

            if (!IsLess(indices, values, child, parent))
            {
                return;
            }

            (indices[parent], indices[child]) = (indices[child], indices[parent]);
            (values[parent], values[child]) = (values[child], values[parent]);
            parent = child;
        }
    }

    // Among equals the higher index is the lesser one.
    private static bool IsLess(Span<int> indices, Span<float> values, int a, int b) =>
        values[a] < values[b] || (values[a] == values[b] && indices[a] > indices[b]);
}
