using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
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
        rules?.RefuseFlag("qk_ln");
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
}
