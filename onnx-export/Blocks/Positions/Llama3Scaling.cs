using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Positions;

/// <summary>Llama 3.1's scaling: slow pairs are slowed by a factor, fast ones kept, those between blended.</summary>
internal sealed record Llama3Scaling(double Factor, double LowFactor, double HighFactor, int OriginalPositions)
{
    public static Llama3Scaling Read(ConfigJson rope, int positions) => new(
        rope.Positive("factor", 8),
        rope.Positive("low_freq_factor", 1),
        rope.Positive("high_freq_factor", 4),
        rope.FindSize("original_max_position_embeddings") ?? positions);

    public float[] Apply(float[] inverse) => [.. inverse.Select(Scale)];

    private float Scale(float inverse)
    {
        var wavelength = 2 * Math.PI / inverse;
        if (wavelength < OriginalPositions / HighFactor)
        {
            return inverse;
        }

        if (wavelength > OriginalPositions / LowFactor)
        {
            return (float)(inverse / Factor);
        }

        var smooth = (OriginalPositions / wavelength - LowFactor) / (HighFactor - LowFactor);
        return (float)((1 - smooth) * inverse / Factor + smooth * inverse);
    }
}
