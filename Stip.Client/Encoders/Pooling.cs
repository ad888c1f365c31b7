using System.Numerics.Tensors;

namespace Stip.Client.Encoders;

/// <summary>Makes one vector of a text's rows, as sentence-transformers does.</summary>
internal static class Pooling
{
    /// <summary>The output that is one vector for a text, where no rows are pooled.</summary>
    public const string Output = "pooler_output";

    /// <summary>Pools rows.</summary>
    /// <param name="mode"><c>mean</c> (also where nothing is said), <c>cls</c>, <c>max</c> or
    /// <c>lasttoken</c>.</param>
    /// <param name="rows"><c>[seq, hidden]</c>, those of padding left out.</param>
    /// <param name="width">Features of a row.</param>
    /// <returns><c>[hidden]</c>.</returns>
    public static float[] Apply(string? mode, ReadOnlySpan<float> rows, int width)
    {
        var pooled = rows[..width].ToArray();
        if (mode == "cls")
        {
            return pooled;
        }

        if (mode == "lasttoken")
        {
            return rows[^width..].ToArray();
        }

        for (var row = width; row < rows.Length; row += width)
        {
            if (mode == "max")
            {
                TensorPrimitives.Max(pooled, rows.Slice(row, width), pooled);
            }
            else
            {
                TensorPrimitives.Add(pooled, rows.Slice(row, width), pooled);
            }
        }

        if (mode != "max")
        {
            TensorPrimitives.Divide(pooled, rows.Length / (float)width, pooled);
        }

        return pooled;
    }

    /// <summary>Scales a vector to length 1; one of zeros stays.</summary>
    public static void Normalize(Span<float> vector)
    {
        const float least = 1e-12f;
        TensorPrimitives.Divide(vector, Math.Max(TensorPrimitives.Norm<float>(vector), least), vector);
    }
}
