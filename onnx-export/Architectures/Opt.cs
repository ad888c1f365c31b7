using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>OPT: LayerNorm, learned positions (the client adds them, two rows are skipped), ReLU, biases
/// everywhere.</summary>
internal sealed class Opt : IArchitecture
{
    private const int SkippedPositions = 2;

    public string Name => "OPTForCausalLM";

    public string ModelType => "opt";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        if (!config.Flag("do_layer_norm_before", true)
            || (config.FindSize("word_embed_proj_dim") ?? shape.HiddenSize) != shape.HiddenSize)
        {
            throw new RefusedException(
                "config.json: an OPT with norms after its blocks (do_layer_norm_before false) or "
                + "projected embeddings (word_embed_proj_dim) is not supported");
        }

        var positions = checkpoint.Tensors.Require(
            "model.decoder.embed_positions.weight", shape.ContextLength + SkippedPositions, shape.HiddenSize);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.decoder.embed_tokens.weight")
        {
            Positions = new TensorRows(positions, SkippedPositions, shape.ContextLength),
        };
        var norm = Norm.Layer(1e-5);
        var hasBias = config.Flag("enable_bias", true);
        var mlp = new PlainFeedForward(
            config.Size("ffn_dim"), config.Text("activation_function") ?? "relu", "fc1", "fc2", hasBias);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("out_proj", hasBias));

        foreach (var layer in model.Layers("model.decoder.layers"))
        {
            layer.Add(attention.Append(
                layer, layer.Normed(norm, "attention_norm", "self_attn_layer_norm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "final_layer_norm"), part: ""));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "model.decoder.final_layer_norm", head);
    }
}
