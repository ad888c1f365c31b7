using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>InternLM, versions 1 and 3: Llama with biases.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class InternLm(string name, string modelType) : IArchitecture
{
    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));

        // The third has biases on its feed-forward part too, and says apart whether queries, keys and values have any.
        var hasBias = config.Flag("bias", config.Flag("attention_bias", !config.Has("qkv_bias")));
        var mlp = GatedFeedForward.Read(config) with { HasBias = config.Has("qkv_bias") && hasBias };
        var attention = new SelfAttention(
            shape.Heads,
            QkvProjection.Apart(config.Flag("qkv_bias", hasBias)),
            new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config, theta: config.Section("rotary")?.FindPositive("base")),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
