using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Blocks.Attention;

/// <summary>Which layers see only the last tokens.</summary>
internal static class AttentionWindows
{
    private const string Sliding = "sliding_attention";
    private const string Full = "full_attention";

    /// <summary>The window of every layer, null where a layer sees everything.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="shape">Sizes.</param>
    /// <param name="isLocal">Which layers have the window where config.json has no <c>layer_types</c>.</param>
    /// <param name="absent">The window where config.json does not name one at all.</param>
    /// <param name="isHalved">True where half of the window lies before a token and half after it.</param>
    public static IReadOnlyList<int?> Read(
        ConfigJson config, DecoderShape shape, Func<int, bool> isLocal, int? absent = null, bool isHalved = false)
    {
        var window = config.FindSize("sliding_window", "attention_window")
            ?? (config.Has("sliding_window") ? null : absent);
        window = isHalved ? (window / 2) + 1 : window;
        var counts = window < shape.Reach ? window : null;
        return [.. Locals(config, shape, isLocal).Select(local => local ? counts : null)];
    }

    /// <summary>Which layers are local, however long their window is.</summary>
    /// <exception cref="RefusedException">There is a type for some layers only, or one of another kind.</exception>
    public static IReadOnlyList<bool> Locals(ConfigJson config, DecoderShape shape, Func<int, bool> isLocal)
    {
        var types = config.Texts("layer_types");
        if (types.Count == 0)
        {
            return [.. Enumerable.Range(0, shape.Layers).Select(isLocal)];
        }

        if (types.Count < shape.Layers)
        {
            throw new RefusedException(
                $"config.json: layer_types has {types.Count} types; there are {shape.Layers} layers");
        }

        return [.. types.Take(shape.Layers).Select(type => type is Sliding or Full ? type == Sliding
            : throw new RefusedException(
                $"config.json: layer_types has '{type}'; there are {Sliding} and {Full}"))];
    }
}
