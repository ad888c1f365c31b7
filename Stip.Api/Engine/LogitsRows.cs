using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Stip.Protocol.Tensors;

namespace Stip.Api.Engine;

/// <summary>Arithmetic over rows of logits.</summary>
internal static class LogitsRows
{
    private const int ChunkElements = 1024;

    /// <summary>False where a NaN or +∞ is among them; masked entries may be −∞.</summary>
    public static bool AreNumbers(TensorDtype dtype, ReadOnlySpan<byte> logits)
    {
        if (dtype == TensorDtype.Float32)
        {
            // The maximum of a span with a NaN is that NaN.
            return float.IsFinite(TensorPrimitives.Max(MemoryMarshal.Cast<byte, float>(logits)));
        }

        // Bits above the largest finite number, of either sign; only the negative infinity itself is allowed.
        var infinity = (ushort)(dtype == TensorDtype.Float16 ? 0x7C00 : 0x7F80);
        foreach (var bits in MemoryMarshal.Cast<byte, ushort>(logits))
        {
            if ((bits & 0x7FFF) >= infinity && bits != (infinity | 0x8000))
            {
                return false;
            }
        }

        return true;
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
    public static void TopK(ReadOnlySpan<float> row, Span<int> indices, Span<float> values)
    {
        var k = indices.Length;
        var heap = new PriorityQueue<int, (float Value, int NegatedIndex)>(k);
        var threshold = float.NegativeInfinity;
        for (var i = 0; i < row.Length; i++)
        {
            if (heap.Count < k)
            {
                heap.Enqueue(i, (row[i], -i));
            }
            else if (row[i] > threshold)
            {
                heap.DequeueEnqueue(i, (row[i], -i));
            }
            else
            {
                continue;
            }

            threshold = heap.Count == k && heap.TryPeek(out _, out var least) ? least.Value : threshold;
        }

        for (var rank = heap.Count - 1; rank >= 0; rank--)
        {
            var index = heap.Dequeue();
            // JSON has no infinities: a masked entry is shown as the smallest float.
            (indices[rank], values[rank]) = (index, Math.Max(row[index], float.MinValue));
        }
    }
}
