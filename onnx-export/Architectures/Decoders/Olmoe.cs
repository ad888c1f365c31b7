using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>OLMoE: Llama with normed queries and keys, whose feed-forward part is a router over experts.</summary>
internal sealed class Olmoe : IArchitecture
{
    public string Name => "OlmoeForCausalLM";

    public string ModelType => "olmoe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Clip = config.FindPositive("clip_qkv"),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.AllHeads),
        };
        var experts = new ExpertFeedForward(
            config.FindSize("num_experts", "num_local_experts") ?? 64,
            config.FindSize("num_experts_per_tok") ?? 8,
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Normalizes = config.Flag("norm_topk_prob", false),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(experts.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
