using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Command-R (Cohere): one LayerNorm for attention and feed-forward side by side, neighbouring channels
/// turn, scaled
/// logits.</summary>
internal sealed class Cohere : IArchitecture
{
    public string Name => "CohereForCausalLM";

    public string ModelType => "cohere";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        if (config.FindSize("model_max_length") is { } trained && trained > shape.ContextLength)
        {
            // Its max_position_embeddings are 8192 of the 131072 that it was trained with.
            shape = shape with { ContextLength = trained, TrainedLength = shape.TrainedLength };
        }

        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.LayerWithoutBias(config.Positive("layer_norm_eps", 1e-5));
        var mlp = GatedFeedForward.Read(config);
        var hasBias = config.Flag("attention_bias", false);
        var heads = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHeadWithItsOwnFactors);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config, isInterleaved: true),
            Norm = config.Flag("use_qk_norm", false) ? heads : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            layer.Add(attention.Append(layer, rows, "self_attn"));
            layer.Add(mlp.Append(layer, rows, "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "model.norm", head with { Scale = config.Positive("logit_scale", 0.0625) });
    }
}
