using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Positions;

/// <summary>
/// What Swin 2 (arXiv 2111.09883) adds to the scores of two patches by their offset: a small network's opinion of the
/// logarithm of it. It depends on weights alone, so the graph has the table that follows from them.
/// </summary>
internal static class ContinuousOffsets
{
    private const int Inner = 512;
    private const double Span = 8;
    private const double LargestBias = 16;
    private const double LargestFactor = 100;

    /// <summary>The table, <c>[(2·window - 1)², heads]</c>.</summary>
    /// <param name="tensors">Of the checkpoint.</param>
    /// <param name="tensor">Where the attention is in it.</param>
    /// <param name="window">Patches of a side of a window.</param>
    /// <param name="trained">The same when the network was trained, null for <paramref name="window"/>.</param>
    /// <param name="heads">Attention heads.</param>
    public static float[] Table(ITensorStore tensors, string tensor, int window, int? trained, int heads)
    {
        var network = $"{tensor}.continuous_position_bias_mlp";
        var first = Read(tensors.Require($"{network}.0.weight", Inner, 2));
        var bias = Read(tensors.Require($"{network}.0.bias", Inner));
        var second = Read(tensors.Require($"{network}.2.weight", heads, Inner));
        var side = (2 * window) - 1;
        var table = new float[side * side * heads];
        Parallel.For(0, side * side, offset =>
        {
            var down = Logarithm((offset / side) - window + 1, trained ?? window);
            var across = Logarithm((offset % side) - window + 1, trained ?? window);
            for (var head = 0; head < heads; head++)
            {
                var sum = 0d;
                for (var i = 0; i < Inner; i++)
                {
                    sum += second[(head * Inner) + i]
                        * Math.Max(0, (first[2 * i] * down) + (first[(2 * i) + 1] * across) + bias[i]);
                }

                table[(offset * heads) + head] = (float)(LargestBias / (1 + Math.Exp(-sum)));
            }
        });
        return table;
    }

    /// <summary>Factors on the cosines of each head.</summary>
    public static float[] Factors(ITensorStore tensors, string tensor, int heads) =>
    [
        .. Read(tensors.Require($"{tensor}.logit_scale", heads, 1, 1))
            .Select(logarithm => (float)Math.Min(LargestFactor, Math.Exp(logarithm))),
    ];

    // From -1 to 1 within a window as in training, and little more for farther ones.
    private static double Logarithm(int offset, int window)
    {
        var scaled = window > 1 ? Span * offset / (window - 1) : 0;
        return Math.Sign(scaled) * Math.Log2(Math.Abs(scaled) + 1) / Math.Log2(Span);
    }

    private static float[] Read(CheckpointTensor tensor)
    {
        var values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return values;
    }
}
