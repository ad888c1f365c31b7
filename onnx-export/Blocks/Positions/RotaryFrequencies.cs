using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks.Positions;

/// <summary>How fast each pair of channels turns, as config.json describes it in its older and newer style.</summary>
/// <param name="Inverse">Radians a position, one for each pair of channels.</param>
/// <param name="Magnitude">Factor on cosines and sines.</param>
internal sealed record RotaryFrequencies(float[] Inverse, double Magnitude)
{
    /// <summary>The base where nothing else is said.</summary>
    public const double DefaultTheta = 10000;

    private static readonly string[] Kinds = ["default", "linear", "dynamic", "llama3", "yarn", "longrope", "factors",
        "mrope", "ntk"];

    /// <summary>What turns sequences longer than <see cref="LongFrom"/>, null where one set turns all.</summary>
    public float[]? LongInverse { get; init; }

    /// <summary>Tokens of the longest sequence that <see cref="Inverse"/> turns, where there are two sets.</summary>
    public int LongFrom { get; init; }

    /// <summary>The same speed the other way round.</summary>
    public RotaryFrequencies Backwards() => this with
    {
        Inverse = [.. Inverse.Select(frequency => -frequency)],
        LongInverse = LongInverse is null ? null : [.. LongInverse.Select(frequency => -frequency)],
    };

    /// <summary>The same configuration with what its family turns by where it says nothing of that.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="rope">A JSON object.</param>
    public static ConfigJson Complete(ConfigJson config, string rope) =>
        config.Has("rope_parameters") || config.Has("rope_theta") || config.Has("rope_scaling")
            ? config
            : config.WithDefaults(rope);

    /// <summary>True where angles depend on the length of a sequence that is longer than the model's positions: the
    /// base grows with every further token, so rows and keys that were turned before would need other angles.</summary>
    public static bool IsDynamic(ConfigJson config) =>
        (config.Section("rope_parameters") ?? config.Section("rope_scaling")) is { } rope
        && (rope.TextIfAny("rope_type") ?? rope.TextIfAny("type")) == "dynamic" && !rope.IsGiven("alpha");

    /// <summary>Reads <c>rope_parameters</c>, or <c>rope_theta</c> with <c>rope_scaling</c>.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="turned">Channels of a head that turn.</param>
    /// <param name="positions">Most positions.</param>
    /// <param name="theta">Base where the rope section has none; null for <c>rope_theta</c>.</param>
    public static RotaryFrequencies Read(ConfigJson config, int turned, int positions, double? theta = null) =>
        Read(config, Rope(config), turned, positions, theta);

    /// <summary>Reads a rope section that the caller chose, null for none.</summary>
    public static RotaryFrequencies Read(
        ConfigJson config, ConfigJson? rope, int turned, int positions, double? theta = null)
    {
        var outer = theta ?? config.Positive("rope_theta", config.Positive("rotary_emb_base", DefaultTheta));
        var inner = rope?.Positive("rope_theta", outer) ?? outer;
        var inverse = Powers(inner, turned);
        return rope?.Text("rope_type", "type") switch
        {
            // Text alone has one position in all three sections of "mrope".
            // The dynamic kind differs from the default beyond the positions that the model has; no graph has more.
            "dynamic" when rope!.FindPositive("alpha") is { } alpha => new(Stretched(inner, alpha, turned), 1),
            null or "default" or "dynamic" or "mrope" => new(inverse, 1),
            "linear" => new([.. inverse.Select(f => (float)(f / rope!.Positive("factor", 1)))], 1),
            "ntk" => new(NtkSlowed(inner, rope!, turned), 1),
            "llama3" => new(Llama3Scaling.Read(rope!, positions).Apply(inverse), 1),
            _ when LongRopeScaling.IsMeant(rope) => LongRopeScaling.Read(config, rope!, positions).Apply(inverse),
            "yarn" => YarnScaling.Read(config, rope!, inner, turned, positions).Apply(inverse),
            "factors" => new(Divided(inverse, rope!.Numbers("factors")), 1),
            var kind => throw new RefusedException(
                $"config.json: rope type '{kind}' is not supported; there are {string.Join(", ", Kinds)}"),
        };
    }

    // Some versions of transformers write a section for each kind of layer although all layers turn alike.
    private static ConfigJson? Rope(ConfigJson config)
    {
        if (config.Section("rope_parameters") is not { } rope)
        {
            return config.Section("rope_scaling");
        }

        var (full, sliding) = (rope.Section("full_attention"), rope.Section("sliding_attention"));
        return full is null || sliding is null
            || (full.Text("rope_type") == sliding.Text("rope_type")
                && full.FindPositive("rope_theta") == sliding.FindPositive("rope_theta"))
            ? full ?? sliding ?? rope
            : throw new RefusedException("config.json: rope_parameters has layers turn in two ways; those of this "
                + "family turn in one");
    }

    // GGUF files hold what a scaling comes to: how many times slower each pair turns.
    private static float[] Divided(float[] inverse, IReadOnlyList<double> factors) => factors.Count == inverse.Length
        ? [.. inverse.Zip(factors, (frequency, factor) => (float)(frequency / factor))]
        : throw new RefusedException(
            $"rotary scaling has {factors.Count} factors; {inverse.Length} pairs of channels turn");

    // HunYuan's: the base grows as if the context were that many times longer.
    private static float[] Stretched(double theta, double alpha, int turned) =>
        Powers(theta * Math.Pow(alpha, turned / (turned - 2.0)), turned);

    // GTE's: slow pairs slow down the more, by a larger base or, with mixed_b, by a power of their place.
    private static float[] NtkSlowed(double theta, ConfigJson rope, int turned)
    {
        var factor = rope.Positive("factor", 1);
        if (rope.FindPositive("mixed_b") is { } power)
        {
            var growth = Math.Log(factor) / Math.Pow(turned / 2.0, power);
            return [.. Powers(theta, turned).Select(
                (frequency, pair) => (float)(frequency / Math.Exp(growth * Math.Pow(pair + 1, power))))];
        }

        var all = Math.Pow(factor, 2.0 / turned);
        return [.. Powers(theta * factor, turned).Select(frequency => (float)(frequency / all))];
    }

    private static float[] Powers(double theta, int turned) =>
        [.. Enumerable.Range(0, turned / 2).Select(pair => (float)(1 / Math.Pow(theta, 2.0 * pair / turned)))];
}
