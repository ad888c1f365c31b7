using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Ling (Bailing): fused projections, and experts beside one that every row goes through; version 2 norms
/// queries and keys and chooses by sigmoids within the best groups.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="isBalanced">True where experts are chosen by sigmoids and a bias (version 2).</param>
internal sealed class BailingMoe(string name, string modelType, bool isBalanced) : IArchitecture
{
    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config).WithRotaryDim(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.word_embeddings.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = SharedExperts.Read(config, shape, isBalanced ? Balanced(config) : ExpertRouting.Softmax);
        var attention = new SelfAttention(
            shape.Heads,
            new QkvProjection(["query_key_value"], config.Flag("use_qkv_bias", false)),
            new OutputProjection("dense", config.Flag("use_bias", false)))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("use_qk_norm", isBalanced)
                ? new HeadNorm(norm, "query_layernorm", "key_layernorm", HeadNormScope.EachHead)
                : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "attention"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false));
        return model.Finish(norm, "model.norm", config.Flag("norm_head", false)
            ? head with { Matrix = new UnitColumns(head.Matrix) }
            : head);
    }

    private static ExpertRouting Balanced(ConfigJson config) => ExpertRouting.ReadBalanced(config) with
    {
        Bias = config.Flag("moe_router_enable_expert_bias", true) ? "gate.expert_bias" : null,
    };
}
