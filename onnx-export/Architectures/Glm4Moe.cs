using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>GLM-4.5: half of each head turns, experts chosen by sigmoids beside one that every row goes
/// through.</summary>
internal sealed class Glm4Moe : IArchitecture
{
    public string Name => "Glm4MoeForCausalLM";

    public string ModelType => "glm4_moe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0.5);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = SharedExperts.Read(config, shape, ExpertRouting.ReadBalanced(config), firstSparse: 1);
        var attention = new SelfAttention(
            shape.Heads,
            QkvProjection.Apart(config.Flag("attention_bias", false)),
            new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("use_qk_norm", false)
                ? new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead)
                : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
