using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Jais (arXiv 2308.16149): GPT-2 with ALiBi, SwiGLU, and factors on embeddings, scores and logits.</summary>
internal sealed class Jais : IArchitecture
{
    public string Name => "JAISLMHeadModel";

    public string ModelType => "jais";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("position_embedding_type", "alibi");
        config.RefuseUnless("activation_function", "swiglu");
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight")
        {
            EmbeddingScale = config.Positive("mup_embeddings_scale", config.Positive("embeddings_scale", 1)),
        };
        var storesOutputsFirst = config.Flag("stores_outputs_first", false);
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));

        // The second projection is the gate of the first.
        var mlp = new GatedFeedForward(
            config.FindSize("n_inner") ?? 4 * shape.HiddenSize, "silu", HasBias: true)
        {
            Gate = "c_fc2",
            Up = "c_fc",
            Down = "c_proj",
            StoredOutputsFirst = storesOutputsFirst,
        };
        var attention = new SelfAttention(
            shape.Heads,
            new QkvProjection(["c_attn"], HasBias: true) { StoredOutputsFirst = storesOutputsFirst },
            new OutputProjection("c_proj", HasBias: true, storesOutputsFirst))
        {
            Bias = Falling(config, shape.Heads.Heads),
            Scale = Scale(config, shape.Heads.Dim),
        };

        var scalesByLayer = config.Flag("scale_attn_by_inverse_layer_idx", false);

        foreach (var layer in model.Layers("transformer.h"))
        {
            var own = attention with { Scale = attention.Scale / (scalesByLayer ? layer.Index + 1 : 1) };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "ln_1"), "attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ln_2"), "mlp"));
        }

        var width = config.Positive("mup_output_alpha", 1) * config.Positive("mup_width_scale", 1);
        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "transformer.ln_f", head with { Scale = config.Positive("width_scale", width) });
    }

    // GGUF files give the exponent; folders may give what slopes are divided by.
    private static LinearBias Falling(ConfigJson config, int heads)
    {
        var scaling = config.Section("alibi_scaling");
        var factor = scaling?.FindPositive("factor");
        return factor is not null || scaling?.FindSize("train_seq_len") is null
            ? LinearBias.OfHeads(heads, config.Positive("alibi_bias_max", LinearBias.LargestExponent)) with
            {
                Factor = 1 / (factor ?? 1),
            }
            : throw new RefusedException("config.json: alibi_scaling has train_seq_len and no factor; biases that "
                + "depend on the length of a text are not supported");
    }

    private static double Scale(ConfigJson config, int headDim) => !config.Flag("scale_attn_weights", true) ? 1
        : config.Flag("mup_scale_qk_dot_by_d", config.Flag("scale_qk_dot_by_d", false)) ? 1.0 / headDim
        : 1 / Math.Sqrt(headDim);
}
