using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Helium: Llama whose turned pairs are neighbours.</summary>
internal sealed class Helium : IArchitecture
{
    public string Name => "HeliumForCausalLM";

    public string ModelType => "helium";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 1e5}""");
        var shape = DecoderShape.Read(config, defaultHeadDim: 128);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-8));
        var mlp = GatedFeedForward.Read(config);
        var projection = QkvProjection.Apart(config.Flag("attention_bias", false));
        var attention = new SelfAttention(
            shape.Heads, projection, new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config, isInterleaved: true),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
