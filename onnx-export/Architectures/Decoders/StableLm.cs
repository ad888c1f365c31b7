using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>StableLM: LayerNorm, a quarter of each head turns, gated feed-forward after or beside attention.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class StableLm(string name, string modelType) : IArchitecture
{
    public StableLm()
        : this("StableLmForCausalLM", "stablelm")
    {
    }

    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: config.Positive("rope_pct", 0.25));
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_eps", config.Positive("norm_eps", 1e-5)));
        var heads = new HeadNorm(
            Norm.LayerWithoutBias(config.Positive("layer_norm_eps", config.Positive("norm_eps", 1e-5))),
            "q_layernorm",
            "k_layernorm",
            HeadNormScope.EachHeadWithItsOwnFactors);
        var mlp = GatedFeedForward.Read(config);
        var isParallel = config.Flag("use_parallel_residual", false);
        var attention = new SelfAttention(
            shape.Heads,
            QkvProjection.Apart(config.Flag("use_qkv_bias", false)),
            new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("qk_layernorm", false) ? heads : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            layer.Add(attention.Append(layer, rows, "self_attn"));
            rows = isParallel ? rows : layer.Normed(norm, "mlp_norm", "post_attention_layernorm");
            layer.Add(mlp.Append(layer, rows, "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
