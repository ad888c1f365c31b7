using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks;

/// <summary>YaRN (arXiv 2309.00071): interpolates slow pairs, keeps fast ones, and scales the scores a
/// little.</summary>
internal sealed record YarnScaling(
    double Factor, double BetaFast, double BetaSlow, double Magnitude, double Theta, int HeadDim, int OriginalPositions)
{
    public static YarnScaling Read(ConfigJson rope, double theta, int headDim, int positions)
    {
        var factor = rope.Positive("factor", 1);
        return new YarnScaling(
            factor,
            rope.Positive("beta_fast", 32),
            rope.Positive("beta_slow", 1),
            rope.Positive("attention_factor", factor <= 1 ? 1 : 0.1 * Math.Log(factor) + 1),
            theta,
            headDim,
            rope.FindSize("original_max_position_embeddings") ?? positions);
    }

    public RotaryFrequencies Apply(float[] inverse)
    {
        var low = Math.Max(Math.Floor(PairWithRotations(BetaFast)), 0);
        var high = Math.Min(Math.Ceiling(PairWithRotations(BetaSlow)), HeadDim - 1);
        var span = Math.Max(high - low, 0.001);
        return new RotaryFrequencies([.. inverse.Select((f, pair) => Blend(f, (pair - low) / span))], Magnitude);
    }

    private float Blend(float inverse, double ramp)
    {
        var interpolated = Math.Clamp(ramp, 0, 1);
        return (float)(inverse / Factor * interpolated + inverse * (1 - interpolated));
    }

    private double PairWithRotations(double rotations) =>
        HeadDim * Math.Log(OriginalPositions / (rotations * 2 * Math.PI)) / (2 * Math.Log(Theta));
}
