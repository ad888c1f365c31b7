using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>MPT: LayerNorms without biases, scores that fall with distance instead of positions.</summary>
/// <param name="name">Name of the family: that of transformers, or of its publisher.</param>
internal sealed class Mpt(string name = "MptForCausalLM") : IArchitecture
{
    public string Name => name;

    public string ModelType => "mpt";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var rules = config.Section("attn_config");
        RefuseOthers(config, rules);
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight");
        var norm = Norm.LayerWithoutBias(config.Positive("layer_norm_epsilon", 1e-5));
        var mlp = new PlainFeedForward(
            config.Width("expansion_ratio", (config.FindSize("expansion_ratio") ?? 4L) * shape.HiddenSize),
            "gelu",
            "up_proj",
            "down_proj",
            HasBias: false);
        var projection = new QkvProjection(["Wqkv"], HasBias: false) { Clip = rules?.FindPositive("clip_qkv") };
        var attention = new SelfAttention(shape.Heads, projection, new OutputProjection("out_proj", HasBias: false))
        {
            Bias = LinearBias.OfMpt(
                shape.Heads.Heads, rules?.FindPositive("alibi_bias_max") ?? LinearBias.LargestExponent),
        };
        attention = attention with { Scale = rules?.FindPositive("softmax_scale") ?? attention.Scale };

        foreach (var layer in model.Layers("transformer.blocks"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "norm_1"), "attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "norm_2"), "ffn"));
        }

        return model.Finish(norm, "transformer.norm_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }

    // What its publishers' own code can do beside it.
    private static void RefuseOthers(ConfigJson config, ConfigJson? rules)
    {
        rules?.RefuseFlag("qk_ln");
        rules?.RefuseFlag("prefix_lm");
        rules?.RefuseUnless("attn_type", "multihead_attention");
        config.RefuseUnless("norm_type", "low_precision_layernorm", "layernorm");
        if (rules?.Flag("alibi", true) == false)
        {
            throw new RefusedException("config.json: attn_config.alibi is false; it must be true");
        }

        if (config.IsGiven("logit_scale"))
        {
            throw new RefusedException("config.json: logit_scale is given; it must be null");
        }
    }
}
