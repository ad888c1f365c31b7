using Stip.Export.Checkpoints;

namespace Stip.Export.Blocks.Positions;

/// <summary>How many positions scaled rotary angles are good for.</summary>
internal static class ScaledLength
{
    // Where layers of several kinds turn differently, those that see everything bound the context.
    private const string Whole = "full_attention";

    /// <summary>The positions a model is exported with, and the most that may be asked for: YaRN is written into files
    /// to be used, and its factor is what a model that was trained for <c>original_max_position_embeddings</c> is
    /// lengthened by; linear scaling costs short texts nothing more where it is longer.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="positions">Positions that it names.</param>
    public static (int Own, int Reach) Read(ConfigJson config, int positions)
    {
        var rope = config.Section("rope_parameters") ?? config.Section("rope_scaling");
        rope = rope?.Section(Whole) ?? rope;
        if (rope is null || LongRopeScaling.IsMeant(rope))
        {
            return (positions, positions);
        }

        switch (rope.TextIfAny("rope_type") ?? rope.TextIfAny("type"))
        {
            case "yarn":
                var original = YarnScaling.Original(config, rope, positions);
                var own = Longer(positions, original * rope.Positive("factor", (double)positions / original));
                return (own, own);
            case "linear":
                return (positions, Longer(positions, positions * rope.Positive("factor", 1)));
            case "dynamic" when rope.FindPositive("alpha") is { } alpha:
                // A base of its own, the same for every length (Hunyuan).
                return (positions, Longer(positions, positions * alpha));
            default:
                return (positions, positions);
        }
    }

    private static int Longer(int positions, double scaled) =>
        (int)Math.Min(int.MaxValue, Math.Max(positions, scaled));
}
