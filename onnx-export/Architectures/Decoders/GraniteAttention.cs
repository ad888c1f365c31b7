using System.Globalization;
using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures.Decoders;

/// <summary>How the layers of a Granite attend.</summary>
internal static class GraniteAttention
{
    private const int DefaultWindow = 128;
    private const int GlobalPeriod = 4;

    /// <summary>All in the same way.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="model">The decoder.</param>
    /// <param name="turns">True where positions turn queries and keys.</param>
    public static IReadOnlyList<SelfAttention> Read(ConfigJson config, DecoderModel model, bool turns = true) =>
        [.. Enumerable.Repeat(
            Plain(config, model) with { Rotary = turns ? model.Rotary(config) : null }, model.Shape.Layers)];

    /// <summary>With a window in three of four layers, sinks in all, and a base for each, 0 where nothing
    /// turns.</summary>
    public static IReadOnlyList<SelfAttention> ReadLocal(ConfigJson config, DecoderModel model)
    {
        var plain = Plain(config, model) with { Sinks = "sinks" };
        var windows = AttentionWindows.Read(
            config, model.Shape, layer => layer % GlobalPeriod != 0, DefaultWindow);
        if (!config.Has("layer_rope_theta"))
        {
            var rotary = model.Rotary(config);
            return [.. windows.Select(window => plain with { Window = window, Rotary = rotary })];
        }

        var bases = config.Numbers("layer_rope_theta", mayBeZero: true);
        if (bases.Count < model.Shape.Layers)
        {
            throw new RefusedException($"config.json: layer_rope_theta has {bases.Count} numbers; it must have one for "
                + $"each of {model.Shape.Layers} layers");
        }

        var tables = bases.Take(model.Shape.Layers).Where(theta => theta > 0).Distinct()
            .Select((theta, i) => (theta, Table: Turning(config, model, theta, i)))
            .ToDictionary(entry => entry.theta, entry => entry.Table);
        return [.. windows.Select((window, layer) => plain with
        {
            Window = window,
            Rotary = tables.GetValueOrDefault(bases[layer]),
        })];
    }

    private static SelfAttention Plain(ConfigJson config, DecoderModel model)
    {
        var hasBias = config.Flag("attention_bias", false);
        return new SelfAttention(
            model.Shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Scale = config.Positive("attention_multiplier", 1),
        };
    }

    // The base of a layer counts before that of the section.
    private static RotaryTables Turning(ConfigJson config, DecoderModel model, double theta, int place)
    {
        var written = theta.ToString("R", CultureInfo.InvariantCulture);
        var rope = config.Section("rope_parameters") ?? config.Section("rope_scaling");
        return model.RotaryOf(
            config,
            rope?.With($$"""{"rope_theta": {{written}}}"""),
            theta,
            name: place == 0 ? "rotary" : $"rotary.{place}");
    }
}
