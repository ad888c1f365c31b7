using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>MiniCPM3: keys and values from a latent vector, and factors on embeddings, block outputs and
/// logits.</summary>
internal sealed class MiniCpm3 : IArchitecture
{
    public string Name => "MiniCPM3ForCausalLM";

    public string ModelType => "minicpm3";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = LatentAttention.ReadShape(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = config.Positive("scale_emb", 1),
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var attention = LatentAttention.Read(config, shape.Heads, model.Rotary(config));
        var share = config.Positive("scale_depth", 1) / Math.Sqrt(shape.Layers);

        foreach (var layer in model.Layers("model.layers"))
        {
            var given = attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn");
            layer.Add(model.Scaled(layer.Name("attention_share"), given, share));
            given = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp");
            layer.Add(model.Scaled(layer.Name("mlp_share"), given, share));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(
            norm, "model.norm", head with { Scale = config.Positive("dim_model_base", 1) / shape.HiddenSize });
    }
}
