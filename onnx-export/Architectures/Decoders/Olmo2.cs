using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>OLMo 2: blocks read the stream as it is and are normed after; so are all queries and keys.</summary>
internal sealed class Olmo2 : IArchitecture
{
    public string Name => "Olmo2ForCausalLM";

    public string ModelType => "olmo2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = GatedFeedForward.Read(config);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.AllHeads),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var given = attention.Append(layer, layer.Stream("attention_stream"), "self_attn");
            layer.Add(layer.Normed(norm, "attention_after", "post_attention_layernorm", given));
            given = mlp.Append(layer, layer.Stream("mlp_stream"), "mlp");
            layer.Add(layer.Normed(norm, "mlp_after", "post_feedforward_layernorm", given));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
