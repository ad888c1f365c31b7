using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Qwen2-MoE: Qwen2 whose feed-forward part is a router over experts, beside one that every row goes
/// through.</summary>
internal sealed class Qwen2Moe : IArchitecture
{
    private const int DefaultWindow = 4096;
    private const int DefaultFirstLayerWithoutWindow = 28;

    public string Name => "Qwen2MoeForCausalLM";

    public string ModelType => "qwen2_moe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var shared = mlp with { InnerSize = config.Size("shared_expert_intermediate_size") };
        var windows = Windows(config, shape);
        var isSparse = SparseLayers.Read(config, shape);
        var attention = new SelfAttention(
            shape.Heads,
            QkvProjection.Apart(config.Flag("qkv_bias", true)),
            new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
        };
        var experts = new ExpertFeedForward(
            config.FindSize("num_experts", "num_local_experts") ?? 60,
            config.FindSize("num_experts_per_tok") ?? 4,
            config.Size("moe_intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Normalizes = config.Flag("norm_topk_prob", false),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            var rows = layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            layer.Add(isSparse[layer.Index] ? experts.Append(layer, rows, "mlp") : mlp.Append(layer, rows, "mlp"));
            if (isSparse[layer.Index])
            {
                layer.Add(Gated(layer, rows, shared.Append(layer, rows, "mlp.shared_expert", "shared")));
            }
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    // Off unless it is said, and then in every other one of the lower layers.
    private static IReadOnlyList<int?> Windows(ConfigJson config, DecoderShape shape)
    {
        var first = config.Integer("max_window_layers") ?? DefaultFirstLayerWithoutWindow;
        return config.Flag("use_sliding_window", false)
            ? AttentionWindows.Read(config, shape, layer => layer % 2 == 0 && layer < first, DefaultWindow)
            : new int?[shape.Layers];
    }

    // Each row says how much of the shared expert it takes.
    private static string Gated(DecoderLayer layer, string rows, string given)
    {
        var (decoder, name) = (layer.Decoder, layer.Name("shared.share"));
        var score = Linear.FromLinear(
            decoder, name, rows, layer.Tensor("mlp.shared_expert_gate"), decoder.HiddenSize, 1, hasBias: false);
        var share = decoder.Graph.Add("Sigmoid", $"{name}/Sigmoid", [score]);
        return decoder.Graph.Add("Mul", $"{name}/Mul", [given, share]);
    }
}
