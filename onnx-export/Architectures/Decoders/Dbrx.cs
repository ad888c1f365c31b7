using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>DBRX: LayerNorm without biases, projections that are cut off, and a router over experts that lie below each
/// other.</summary>
internal sealed class Dbrx : IArchitecture
{
    public string Name => "DbrxForCausalLM";

    public string ModelType => "dbrx";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var inner = config.Section("attn_config");
        var sizes = DecoderShape.Read(config);
        var shape = sizes with
        {
            Heads = (sizes.Heads with { KvHeads = inner?.FindSize("kv_n_heads") ?? 1 }).Checked(),
        };
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight");
        var norm = Norm.LayerWithoutBias(config.Positive("layer_norm_eps", 1e-5));
        var attention = new SelfAttention(
            shape.Heads,
            new QkvProjection(["Wqkv"], HasBias: false) { Clip = inner?.FindPositive("clip_qkv") },
            new OutputProjection("out_proj", HasBias: false))
        {
            Rotary = model.Rotary(config, theta: inner?.Positive("rope_theta", 1e4)),
        };
        var experts = Experts(config.Section("ffn_config"));

        foreach (var layer in model.Layers("transformer.blocks"))
        {
            var rows = layer.Normed(norm, "attention_norm", "norm_attn_norm.norm_1");
            layer.Add(attention.Append(layer, rows, "norm_attn_norm.attn"));
            layer.Add(experts.Append(layer, layer.Normed(norm, "mlp_norm", "norm_attn_norm.norm_2"), "ffn"));
        }

        return model.Finish(norm, "transformer.norm_f", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    private static ExpertFeedForward Experts(ConfigJson? config)
    {
        var power = config is null || !config.Has("moe_normalize_expert_weights")
            ? 1
            : config.FindPositive("moe_normalize_expert_weights");
        var isApart = config?.Flag("stores_experts_apart", false) ?? false;
        return new ExpertFeedForward(
            config?.FindSize("moe_num_experts") ?? 4,
            config?.FindSize("moe_top_k") ?? 1,
            config?.FindSize("ffn_hidden_size") ?? 3584,
            config?.Section("ffn_act_fn")?.Text("name") ?? "silu")
        {
            Router = "router.layer",
            Gate = isApart ? "w1" : "mlp.w1",
            Up = isApart ? "v1" : "mlp.v1",
            Down = isApart ? "w2" : "mlp.w2",
            IsFlat = !isApart,
            Normalizes = power is null or 1 ? power is 1 : throw new RefusedException(
                $"config.json: moe_normalize_expert_weights is {power}; it must be 1 or null"),
        };
    }
}
