using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>DiffLlama: Llama whose heads attend in pairs, one of which takes away from the other.</summary>
internal sealed class DiffLlama : IArchitecture
{
    public string Name => "DiffLlamaForCausalLM";

    public string ModelType => "diffllama";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var sizes = DecoderShape.Read(config);
        var shape = sizes with { Heads = DifferentialAttention.Paired(sizes.Heads), LooksUpPositions = true };
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = GatedFeedForward.Read(config);
        var attention = new DifferentialAttention(
            shape.Heads, config.Flag("attention_bias", false), norm with { HasWeights = false })
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
