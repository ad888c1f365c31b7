using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GLM-4: GLM with a norm after each block as well as before it.</summary>
internal sealed class Glm4 : IArchitecture
{
    public string Name => "Glm4ForCausalLM";

    public string ModelType => "glm4";

    /// <summary>Size of a head where config.json does not say it; null where all heads together are as wide as the
    /// stream.</summary>
    public int? HeadDim { get; init; } = 128;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0.5, defaultHeadDim: HeadDim);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1.5625e-7));
        var mlp = GatedFeedForward.Read(config) with { Fused = "gate_up_proj" };
        var projection = QkvProjection.Apart(config.Flag("attention_bias", true));
        var attention = new SelfAttention(
            shape.Heads, projection, new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config, isInterleaved: config.Flag("rope_interleave", true)),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var given = attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn");
            layer.Add(layer.Normed(norm, "attention_after", "post_self_attn_layernorm", given));
            given = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp");
            layer.Add(layer.Normed(norm, "mlp_after", "post_mlp_layernorm", given));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
