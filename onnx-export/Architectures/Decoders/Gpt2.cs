using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GPT-2: LayerNorm, learned positions (the client adds them), GELU, biases everywhere, tied head.</summary>
internal sealed class Gpt2 : IArchitecture
{
    private const int InnerFactor = 4;
    private const int DefaultContextLength = 1024;

    public string Name => "GPT2LMHeadModel";

    public string ModelType => "gpt2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        if (config.Flag("add_cross_attention", false))
        {
            throw new RefusedException(
                "config.json: add_cross_attention is true; only decoders on their own are supported (false)");
        }

        var shape = DecoderShape.Read(config, rotaryShare: 0) with
        {
            ContextLength = config.FindSize("n_positions", "max_position_embeddings", "n_ctx") ?? DefaultContextLength,
        };
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.wte.weight")
        {
            Positions = checkpoint.Tensors.Require("transformer.wpe.weight", shape.ContextLength, shape.HiddenSize),
        };
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));
        var storesOutputsFirst = config.Flag("stores_outputs_first", false);
        var mlp = new PlainFeedForward(
            config.FindSize("n_inner") ?? InnerFactor * shape.HiddenSize,
            config.Text("activation_function", "hidden_act") ?? "gelu_new",
            "c_fc",
            "c_proj")
        {
            StoredOutputsFirst = storesOutputsFirst,
        };
        var projection = new QkvProjection(["c_attn"], HasBias: true) { StoredOutputsFirst = storesOutputsFirst };
        var attention = new SelfAttention(
            shape.Heads, projection, new OutputProjection("c_proj", HasBias: true, storesOutputsFirst));
        var scale = config.Flag("scale_attn_weights", true) ? attention.Scale : 1;
        var scalesByLayer = config.Flag("scale_attn_by_inverse_layer_idx", false);

        foreach (var layer in model.Layers("transformer.h"))
        {
            var own = attention with { Scale = scalesByLayer ? scale / (layer.Index + 1) : scale };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "ln_1"), "attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ln_2"), "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
