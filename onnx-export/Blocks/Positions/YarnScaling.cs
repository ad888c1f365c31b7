using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Positions;

/// <summary>YaRN (arXiv 2309.00071): interpolates slow pairs, keeps fast ones, and scales the scores a
/// little.</summary>
internal sealed record YarnScaling(
    double Factor, double BetaFast, double BetaSlow, double Magnitude, double Theta, int HeadDim, int OriginalPositions)
{
    /// <summary>False where the bounds of the blended pairs are taken as they come, not as whole pairs.</summary>
    public bool IsTruncated { get; init; } = true;

    public static YarnScaling Read(ConfigJson config, ConfigJson rope, double theta, int headDim, int positions)
    {
        var original = Original(config, rope, positions);
        var factor = rope.Positive("factor", (double)positions / original);
        return new YarnScaling(
            factor,
            rope.Positive("beta_fast", 32),
            rope.Positive("beta_slow", 1),
            rope.Positive("attention_factor", DefaultMagnitude(rope, factor)),
            theta,
            headDim,
            original)
        {
            IsTruncated = rope.Flag("truncate", true),
        };
    }

    /// <summary>Positions that the model was trained for before it was lengthened.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="rope">Its section of rotary scaling.</param>
    /// <param name="positions">Positions that it has otherwise.</param>
    public static int Original(ConfigJson config, ConfigJson rope, int positions) =>
        rope.FindSize("original_max_position_embeddings")
            ?? config.FindSize("original_max_position_embeddings")
            ?? positions;

    /// <summary>Factor on the scores of models that want it there (<c>mscale_all_dim</c>), 1 of others.</summary>
    public static double ScoreFactor(ConfigJson config)
    {
        var rope = config.Section("rope_parameters") ?? config.Section("rope_scaling");
        if (rope?.Text("rope_type", "type") is null or "default" || Scale(rope, "mscale_all_dim") is not { } all)
        {
            return 1;
        }

        var magnitude = Attention(rope.Positive("factor", 1), all);
        return magnitude * magnitude;
    }

    /// <summary>By how much sizes grow with the context (<c>mscale</c>).</summary>
    public static double Attention(double factor, double scale) =>
        factor <= 1 ? 1 : 0.1 * scale * Math.Log(factor) + 1;

    public RotaryFrequencies Apply(float[] inverse)
    {
        var (first, last) = (PairWithRotations(BetaFast), PairWithRotations(BetaSlow));
        var low = Math.Max(IsTruncated ? Math.Floor(first) : first, 0);
        var high = Math.Min(IsTruncated ? Math.Ceiling(last) : last, HeadDim - 1);
        var span = high == low ? 0.001 : high - low;
        return new RotaryFrequencies([.. inverse.Select((f, pair) => Blend(f, (pair - low) / span))], Magnitude);
    }

    private static double DefaultMagnitude(ConfigJson rope, double factor)
    {
        var (own, all) = (Scale(rope, "mscale"), Scale(rope, "mscale_all_dim"));
        return own is { } mscale && all is { } allDims
            ? Attention(factor, mscale) / Attention(factor, allDims)
            : Attention(factor, 1);
    }

    // 0 stands for none in published files.
    private static double? Scale(ConfigJson rope, string name) =>
        rope.Zeroable(name) is > 0 and var scale ? scale : null;

    private float Blend(float inverse, double ramp)
    {
        var interpolated = Math.Clamp(ramp, 0, 1);
        return (float)(inverse / Factor * interpolated + inverse * (1 - interpolated));
    }

    private double PairWithRotations(double rotations) =>
        HeadDim * Math.Log(OriginalPositions / (rotations * 2 * Math.PI)) / (2 * Math.Log(Theta));
}
