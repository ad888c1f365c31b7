using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Hunyuan 3: normed heads, experts chosen by sigmoids beside one that every row goes through.</summary>
internal sealed class HunYuan3 : IArchitecture
{
    private const double DefaultFactor = 2.826;

    private const string Defaults = """{"rope_theta": 11158840, "head_dim": 128, "num_shared_experts": 1}""";

    public string Name => "HYV3ForCausalLM";

    public string ModelType => "hy_v3";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = Experts(config, shape, checkpoint.Tensors);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    // Published checkpoints and the models of current transformers have other names for the same.
    private static SharedExperts Experts(ConfigJson config, DecoderShape shape, ITensorStore tensors)
    {
        const string bias = "expert_bias";
        var isPublished = shape.AnyLayerHas(tensors, $"mlp.{bias}");
        var routing = ExpertRouting.Sigmoid with
        {
            Bias = isPublished ? bias : "e_score_correction_bias",
            Factor = config.Positive("router_scaling_factor", DefaultFactor),
        };
        var mlp = SharedExperts.Read(config, shape, routing, firstSparse: 1);
        return isPublished
            ? mlp with
            {
                Experts = mlp.Experts is null ? null : mlp.Experts with { Router = "router.gate" },
                SharedPart = "shared_mlp",
            }
            : mlp;
    }
}
