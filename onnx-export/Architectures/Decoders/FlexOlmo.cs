using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>FlexOlmo: OLMo 2 (norms after the blocks) whose feed-forward part is a router over experts.</summary>
internal sealed class FlexOlmo : IArchitecture
{
    public string Name => "FlexOlmoForCausalLM";

    public string ModelType => "flex_olmo";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 5e5}""");
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.AllHeads),
        };
        var experts = new ExpertFeedForward(
            config.FindSize("num_experts", "num_local_experts") ?? 7,
            config.FindSize("num_experts_per_tok") ?? 5,
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Normalizes = config.Flag("norm_topk_prob", false),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var given = attention.Append(layer, layer.Stream("attention_stream"), "self_attn");
            layer.Add(layer.Normed(norm, "attention_after", "post_attention_layernorm", given));
            given = experts.Append(layer, layer.Stream("mlp_stream"), "mlp");
            layer.Add(layer.Normed(norm, "mlp_after", "post_feedforward_layernorm", given));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
