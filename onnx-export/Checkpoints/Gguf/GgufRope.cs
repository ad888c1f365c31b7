using System.Text.Json.Nodes;
using Stip.Export.Blocks.Positions;

namespace Stip.Export.Checkpoints.Gguf;

/// <summary>Rotary scaling: described by metadata, or as factors in tensors of their own.</summary>
internal static class GgufRope
{
    // Rounding of a factor up to 2, and of the text that it was read from.
    private const double OfFloat32 = 1e-6;

    private const string Factors = "rope_freqs.weight";
    private const string LongFactors = "rope_factors_long.weight";
    private const string ShortFactors = "rope_factors_short.weight";

    public static void Describe(GgufFile file, GgufArchitecture architecture, JsonObject config)
    {
        var (metadata, prefix) = (file.Metadata, $"{architecture.Name}.rope");
        var headDim = GgufConfig.HeadDim(metadata, architecture);
        config["partial_rotary_factor"] =
            (double)(metadata.Integer($"{prefix}.dimension_count") is > 0 and var turned ? turned : headDim) / headDim;

        var original = metadata.Integer($"{prefix}.scaling.original_context_length");
        if (original is not null)
        {
            config["original_max_position_embeddings"] = original;
        }

        if (Scaling(file, prefix, original) is { } scaling)
        {
            config["rope_scaling"] = scaling;
        }
    }

    private static JsonObject? Scaling(GgufFile file, string prefix, int? original)
    {
        if (file.Tensors.ContainsKey(LongFactors))
        {
            return WithMagnitude(file.Metadata, prefix, new JsonObject
            {
                ["rope_type"] = "longrope",
                ["long_factor"] = Numbers(file, LongFactors),
                ["short_factor"] = Numbers(file, ShortFactors),
            });
        }

        if (file.Tensors.ContainsKey(Factors))
        {
            // What llama3's scaling comes to: each pair turns that many times slower.
            return new JsonObject { ["rope_type"] = "factors", ["factors"] = Numbers(file, Factors) };
        }

        var metadata = file.Metadata;
        var factor = metadata.Number($"{prefix}.scaling.factor") ?? metadata.Number($"{prefix}.scale_linear") ?? 1;
        return (metadata.Text($"{prefix}.scaling.type") ?? "linear") switch
        {
            "none" => null,
            "linear" => factor == 1 ? null : new JsonObject { ["rope_type"] = "linear", ["factor"] = factor },
            "yarn" => Yarn(metadata, prefix, factor, original),
            var type => throw metadata.Refused(
                $"{prefix}.scaling.type is '{type}'; there are none, linear, yarn, and longrope with its factors"),
        };
    }

    private static JsonObject Yarn(GgufMetadata metadata, string prefix, double factor, int? original)
    {
        var yarn = new JsonObject { ["rope_type"] = "yarn", ["factor"] = factor };
        if (original is not null)
        {
            yarn["original_max_position_embeddings"] = original;
        }

        foreach (var beta in new[] { "beta_fast", "beta_slow" })
        {
            // Ollama's converter leaves yarn out of their names.
            if ((metadata.Number($"{prefix}.scaling.yarn_{beta}")
                ?? metadata.Number($"{prefix}.scaling.{beta}")) is { } value)
            {
                yarn[beta] = value;
            }
        }

        // On top of what yarn has by itself.
        var own = YarnScaling.Attention(factor, 1);
        if (metadata.Number($"{prefix}.scaling.attn_factor") is > 0 and not 1 and var magnitude)
        {
            yarn["attention_factor"] = magnitude * own;
        }

        RefuseOtherThan(own, metadata, $"{prefix}.scaling.yarn_attn_factor");
        return yarn;
    }

    // Converters write what a folder has for the whole factor, and llama.cpp puts yarn's own in its place.
    private static void RefuseOtherThan(double own, GgufMetadata metadata, string key)
    {
        if (metadata.Number(key) is not (null or 0 or 1) and var whole && Math.Abs((double)whole - own) > OfFloat32)
        {
            throw metadata.Refused(FormattableString.Invariant(
                $"{key} is {(float)whole:R}, which is not supported; it must be absent or 0 or 1 or {(float)own:R}"));
        }
    }

    private static JsonObject WithMagnitude(GgufMetadata metadata, string prefix, JsonObject scaling)
    {
        if (metadata.Number($"{prefix}.scaling.attn_factor") is > 0 and var magnitude)
        {
            scaling["attention_factor"] = magnitude;
        }

        return scaling;
    }

    private static JsonArray Numbers(GgufFile file, string name)
    {
        var tensor = file.Tensors.TryGetValue(name, out var info) && info.ElementCount <= 1 << 16
            ? new GgufTensor(file, info)
            : throw file.Metadata.Refused($"there is no tensor '{name}' of rotary factors");
        var values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return new JsonArray([.. values.Select(value => (JsonNode)value)]);
    }
}
