using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks;

/// <summary>LongRoPE (arXiv 2402.13753): a factor of its own for every pair, one set for sequences as long as the
/// model was trained with and one for longer ones.</summary>
internal sealed record LongRopeScaling(
    IReadOnlyList<double> Short, IReadOnlyList<double> Long, double Magnitude, int OriginalPositions, int Positions)
{
    public static LongRopeScaling Read(ConfigJson config, ConfigJson rope, int positions)
    {
        var original = rope.FindSize("original_max_position_embeddings")
            ?? config.FindSize("original_max_position_embeddings")
            ?? positions;
        if (rope.FindPositive("short_mscale") is { } both && rope.Positive("long_mscale", both) != both)
        {
            throw new RefusedException("config.json: short_mscale and long_mscale differ, which is not supported");
        }

        // A length beside the section says how much longer the context became, whatever the section's factor is.
        var grown = (double)positions / original;
        var isOutside = rope.FindSize("original_max_position_embeddings") is null
            && config.FindSize("original_max_position_embeddings") is not null;
        var factor = isOutside ? grown : rope.Positive("factor", grown);
        return new LongRopeScaling(
            rope.Numbers("short_factor"),
            rope.Numbers("long_factor"),
            rope.Positive(
                "attention_factor",
                rope.FindPositive("short_mscale")
                    ?? (factor <= 1 ? 1 : Math.Sqrt(1 + Math.Log(factor) / Math.Log(original)))),
            original,
            positions);
    }

    public RotaryFrequencies Apply(float[] inverse)
    {
        foreach (var factors in new[] { Short, Long })
        {
            if (factors.Count != inverse.Length)
            {
                throw new RefusedException($"config.json: longrope has {factors.Count} factors; "
                    + $"{inverse.Length} pairs of channels turn");
            }
        }

        return new RotaryFrequencies(Scaled(inverse, Short), Magnitude)
        {
            LongInverse = Positions > OriginalPositions ? Scaled(inverse, Long) : null,
            LongFrom = OriginalPositions,
        };
    }

    private static float[] Scaled(float[] inverse, IReadOnlyList<double> factors) =>
        [.. inverse.Zip(factors, (frequency, factor) => (float)(frequency / factor))];
}
