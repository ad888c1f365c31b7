using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Mellum 2: Qwen3-MoE whose local layers have a window and turn at a speed of their own.</summary>
internal sealed class Mellum : IArchitecture
{
    private const int DefaultWindow = 1024;

    public string Name => "MellumForCausalLM";

    public string ModelType => "mellum";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, defaultHeadDim: 128);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var isLocal = AttentionWindows.Locals(config, shape, _ => false);
        var windows = AttentionWindows.Read(config, shape, layer => isLocal[layer], DefaultWindow);
        var rope = config.Section("rope_parameters");
        var global = model.RotaryOf(config, rope?.Section("full_attention"), theta: 5e5);
        var local = isLocal.Contains(true)
            ? model.RotaryOf(config, rope?.Section("sliding_attention"), theta: 1e4, name: "rotary.local")
            : null;
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead),
        };
        var mlp = Experts(config, shape);

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with
            {
                Rotary = isLocal[layer.Index] ? local : global,
                Window = windows[layer.Index],
            };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    private static SharedExperts Experts(ConfigJson config, DecoderShape shape)
    {
        var plain = GatedFeedForward.Read(config);
        var kinds = config.Texts("mlp_layer_types");
        var experts = new ExpertFeedForward(
            config.FindSize("num_local_experts", "num_experts") ?? 64,
            config.FindSize("num_experts_per_tok") ?? 8,
            config.Size("moe_intermediate_size"),
            plain.Function)
        {
            Normalizes = config.Flag("norm_topk_prob", true),
        };
        return new SharedExperts(plain, experts, Shared: null)
        {
            IsSparse = [.. Enumerable.Range(0, shape.Layers).Select(
                layer => layer >= kinds.Count || kinds[layer] == "sparse")],
        };
    }
}
