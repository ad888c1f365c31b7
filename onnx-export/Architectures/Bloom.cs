using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>BLOOM: a LayerNorm on the embeddings, scores that fall with distance instead of positions, biases
/// everywhere.</summary>
internal sealed class Bloom : IArchitecture
{
    public string Name => "BloomForCausalLM";

    public string ModelType => "bloom";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseFlag("apply_residual_connection_post_layernorm");
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.word_embeddings.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));
        var mlp = new PlainFeedForward(4 * shape.HiddenSize, "gelu_pytorch_tanh", "dense_h_to_4h", "dense_4h_to_h");
        var projection = new QkvProjection(["query_key_value"], HasBias: true) { Order = QkvOrder.Grouped };
        var attention = new SelfAttention(shape.Heads, projection, new OutputProjection("dense", HasBias: true))
        {
            Bias = LinearBias.OfHeads(shape.Heads.Heads),
        };
        var start = norm.Append(
            model.Graph, "embedding_norm", "transformer.word_embeddings_layernorm", model.Graph.Embeds);

        foreach (var layer in model.Layers("transformer.h", start))
        {
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            layer.Add(attention.Append(layer, rows, "self_attention"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
