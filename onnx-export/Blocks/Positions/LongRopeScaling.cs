using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks.Positions;

/// <summary>LongRoPE (arXiv 2402.13753): a factor of its own for every pair, one set for sequences as long as the
/// model was trained with and one for longer ones.</summary>
internal sealed record LongRopeScaling(
    IReadOnlyList<double> Short, IReadOnlyList<double> Long, double Magnitude, int OriginalPositions, int Positions)
{
    private const string Original = "original_max_position_embeddings";

    /// <summary>True where a rope section means it, under whichever name: Phi-3's first files said yarn.</summary>
    public static bool IsMeant(ConfigJson? rope) => rope?.Text("rope_type", "type") is "longrope" or "su"
        || (rope?.Text("rope_type", "type") is "yarn" && rope.Has("long_factor"));

    public static LongRopeScaling Read(ConfigJson config, ConfigJson rope, int positions)
    {
        // What stands beside the section counts before what is in it, unless it is only the family's usual length.
        var beside = config.FindSize(Original);
        var original = (config.Has(Original) ? beside : null) ?? rope.FindSize(Original) ?? beside ?? positions;
        if (rope.FindPositive("short_mscale") is { } both && rope.Positive("long_mscale", both) != both)
        {
            throw new RefusedException("config.json: short_mscale and long_mscale differ, which is not supported");
        }

        // A length beside the section says how much longer the context became, whatever the section's factor is.
        var grown = (double)positions / original;
        var isOutside = rope.FindSize(Original) is null && beside is not null;
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
