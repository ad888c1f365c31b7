using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>HyperCLOVA X: Granite whose logits are multiplied by their factor, in some with a norm after each block as
/// well as before it.</summary>
internal sealed class HyperClovaX : IArchitecture
{
    public string Name => "HyperCLOVAXForCausalLM";

    public string ModelType => "hyperclovax";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = config.Positive("embedding_multiplier", 1),
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Scale = config.Positive("attention_multiplier", 1 / Math.Sqrt(shape.Heads.Dim)),
        };
        var share = config.Positive("residual_multiplier", 1);
        // The first files left it out and had none; transformers leaves out that there are.
        var isNormedAfter = config.Flag(
            "use_post_norm", shape.AnyLayerHas(checkpoint.Tensors, "post_norm1.weight"));

        foreach (var layer in model.Layers("model.layers"))
        {
            var given = attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn");
            given = isNormedAfter ? layer.Normed(norm, "attention_after", "post_norm1", given) : given;
            layer.Add(model.Scaled(layer.Name("attention_share"), given, share));
            given = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp");
            given = isNormedAfter ? layer.Normed(norm, "mlp_after", "post_norm2", given) : given;
            layer.Add(model.Scaled(layer.Name("mlp_share"), given, share));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false));
        return model.Finish(norm, "model.norm", head with { Scale = config.Positive("logits_scaling", 1) });
    }
}
