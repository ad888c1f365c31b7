using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Qwen3-MoE: Qwen3 whose feed-forward part is a router over experts.</summary>
internal sealed class Qwen3Moe : IArchitecture
{
    /// <summary>The decoder of Qwen3-VL-MoE, whose stacked experts have inputs before outputs.</summary>
    public static Qwen3Moe Seeing { get; } = new() { StoresInputsFirst = true };

    public string Name => "Qwen3MoeForCausalLM";

    public string ModelType => "qwen3_moe";

    /// <summary>True where stacked experts have inputs before outputs.</summary>
    public bool StoresInputsFirst { get; init; }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        // All layers have the window or none has, whatever max_window_layers says.
        var windows = Qwen2.Windows(config.With("""{"max_window_layers": 0}"""), shape);
        var isSparse = SparseLayers.Read(config, shape);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead),
        };
        var experts = new ExpertFeedForward(
            config.FindSize("num_local_experts", "num_experts") ?? 128,
            config.FindSize("num_experts_per_tok") ?? 8,
            config.Size("moe_intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Normalizes = config.Flag("norm_topk_prob", false),
            StoresInputsFirst = StoresInputsFirst,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            var rows = layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            layer.Add(isSparse[layer.Index] ? experts.Append(layer, rows, "mlp") : mlp.Append(layer, rows, "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
