using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Mixtral: Mistral whose feed-forward part is a router over experts.</summary>
internal sealed class Mixtral : IArchitecture
{
    public string Name => "MixtralForCausalLM";

    public string ModelType => "mixtral";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 1e6}""");
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var windows = AttentionWindows.Read(config, shape, _ => true);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
        };
        var experts = new ExpertFeedForward(
            config.FindSize("num_local_experts", "num_experts") ?? 8,
            config.FindSize("num_experts_per_tok") ?? 2,
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Gate = "w1",
            Up = "w3",
            Down = "w2",
        };

        var part = ExpertFeedForward.PartOf(checkpoint.Tensors);
        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            var rows = layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            layer.Add(experts.Append(layer, rows, part));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
