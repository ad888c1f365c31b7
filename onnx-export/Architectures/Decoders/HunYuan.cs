using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>HunYuan: Llama whose queries and keys are normed after they are turned, dense or with experts beside one
/// that every row goes through.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="isSparse">True where it has experts.</param>
internal sealed class HunYuan(string name, string modelType, bool isSparse) : IArchitecture
{
    public string Name => name;

    public string ModelType => modelType;

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("use_cla");
        var shape = DecoderShape.Read(config, defaultHeadDim: config.FindSize("attention_head_dim")) with
        {
            LooksUpPositions = true,
        };
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var plain = GatedFeedForward.Read(config);
        var experts = isSparse ? Experts(config, plain) : null;
        var mlp = new SharedExperts(plain, experts, plain)
        {
            IsSparse = [.. Enumerable.Repeat(isSparse, shape.Layers)],
            SharedPart = "shared_mlp",
        };
        var turnedNorm = new HeadNorm(norm, "query_layernorm", "key_layernorm", HeadNormScope.EachHead)
        {
            FollowsRotary = true,
        };
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("use_qk_norm", true) ? turnedNorm : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    // Counts are given once, or for each layer, all the same.
    private static ExpertFeedForward Experts(ConfigJson config, GatedFeedForward plain) => new(
        Only(config, "num_experts"), Only(config, "moe_topk"), plain.InnerSize, plain.Function)
    {
        Router = "gate.wg",
    };

    private static int Only(ConfigJson config, string field) =>
        config.Sizes(field)?.Distinct().ToList() is [var only] ? only : config.Size(field);
}
