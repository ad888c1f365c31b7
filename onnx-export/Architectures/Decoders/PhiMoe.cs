using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Phi-3.5-MoE: Mixtral with LayerNorm and biases, whose two experts are chosen one after the other.</summary>
/// <param name="name">Name of the family.</param>
internal sealed class PhiMoe(string name) : IArchitecture
{
    public string Name => name;

    public string ModelType => "phimoe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 1e6}""");
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Layer(config.Positive("rms_norm_eps", 1e-5));
        var windows = AttentionWindows.Read(config, shape, _ => true);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };
        var part = ExpertFeedForward.PartOf(checkpoint.Tensors);
        var chosen = config.FindSize("num_experts_per_tok") ?? 2;
        var experts = new ExpertFeedForward(
            config.FindSize("num_local_experts") ?? 16,
            chosen == 2 ? 2 : throw new RefusedException($"config.json: num_experts_per_tok is {chosen}; it must be 2"),
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Routing = new ExpertRouting { Near = 2 * config.Positive("router_jitter_noise", 0.01) },
            Router = checkpoint.Tensors.Has($"model.layers.0.{part}.gate.weight") ? "gate" : "router",
            Gate = "w1",
            Up = "w3",
            Down = "w2",
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            var rows = layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            layer.Add(experts.Append(layer, rows, part));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false));
        return model.Finish(norm, "model.norm", config.Flag("lm_head_bias", false)
            ? head with { Bias = checkpoint.Tensors.Require("lm_head.bias", shape.VocabSize) }
            : head);
    }
}
