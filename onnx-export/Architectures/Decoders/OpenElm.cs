using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>OpenELM (arXiv 2404.14619): layers with ever more heads and ever wider feed-forward parts. In the graph
/// every layer has as many heads as the one with the most, the others' filled up with zeros, so that all caches are
/// alike.</summary>
internal sealed class OpenElm : IArchitecture
{
    private const int DefaultTurned = 4096;

    public string Name => "OpenELMForCausalLM";

    public string ModelType => "openelm";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var layers = config.Size("num_transformer_layers");
        var heads = Layers(config, "num_query_heads", layers);
        var kvHeads = Layers(config, "num_kv_heads", layers);
        var dim = config.Size("head_dim");
        var most = new AttentionHeads(heads.Max(), kvHeads.Max(), dim, dim).Checked();
        var shape = new DecoderShape(
            config.Size("model_dim"), layers, most, config.Size("vocab_size"), config.Size("max_context_length"));
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.token_embeddings.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var rotary = RotaryTables.Append(
            model.Graph,
            RotaryFrequencies.Read(config, dim, DefaultTurned, config.Positive("rope_freq_constant", 1e4)),
            shape);
        var attention = new SelfAttention(
            most, new QkvProjection(["qkv_proj"], HasBias: false), new OutputProjection("out_proj", HasBias: false))
        {
            Rotary = rotary,
            Norm = config.Flag("normalize_qk_projections", true)
                ? new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead)
                : null,
        };

        var widths = Widths(config, shape.HiddenSize, layers);
        foreach (var layer in model.Layers("transformer.layers"))
        {
            var own = attention with { Heads = most.FilledFrom(heads[layer.Index], kvHeads[layer.Index]) };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "attn_norm"), "attn"));
            var mlp = Gated(config, widths[layer.Index]);
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ffn_norm"), "ffn"));
        }

        return model.Finish(norm, "transformer.norm", model.Head(config.Flag("share_input_output_layers", true)));
    }

    private static IReadOnlyList<int> Layers(ConfigJson config, string name, int layers) =>
        config.Sizes(name) is { } sizes && (sizes.Count == layers || sizes.Count == 1)
            ? sizes.Count == layers ? sizes : [.. Enumerable.Repeat(sizes[0], layers)]
            : throw new RefusedException($"config.json: {name} must be a number, or one for each of {layers} layers");

    // Of the feed-forward part of each layer.
    private static IReadOnlyList<int> Widths(ConfigJson config, int hidden, int layers)
    {
        if (!config.Flag("ffn_with_glu", true))
        {
            throw new RefusedException("config.json: ffn_with_glu is false; it must be true");
        }

        return config.Sizes("ffn_dims") is null
            ? [.. Multipliers(config, layers).Select(share => Width(config, share * hidden))]
            : Layers(config, "ffn_dims", layers);
    }

    // Two numbers are those of the first layer and the last.
    private static IReadOnlyList<double> Multipliers(ConfigJson config, int layers) =>
        config.Numbers("ffn_multipliers") switch
        {
            [var first, var last] =>
            [
                .. Enumerable.Range(0, layers).Select(layer =>
                    Math.Round(first + ((last - first) * layer / Math.Max(1, layers - 1)), 2)),
            ],
            { } each when each.Count == layers => each,
            { } other => throw new RefusedException($"config.json: ffn_multipliers has {other.Count} numbers; it must "
                + $"have one for each of {layers} layers, or 2"),
        };

    // The nearest multiple, but no less than nine tenths of what is wanted.
    private static int Width(ConfigJson config, double wanted)
    {
        var step = config.FindSize("ffn_dim_divisor") ?? 256;
        var width = Math.Max(step, Math.Floor(Math.Floor(wanted + (step / 2.0)) / step) * step);
        return config.Width("ffn_multipliers", width < 0.9 * wanted ? width + step : width);
    }

    private static GatedFeedForward Gated(ConfigJson config, int width) =>
        new(width, config.Text("activation_fn_name") ?? "silu")
        {
            Fused = config.Flag("stores_gate_apart", false) ? null : "proj_1",
            Down = "proj_2",
        };
}
