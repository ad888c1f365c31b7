using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>BLOOM: a LayerNorm on the embeddings, scores that fall with distance instead of positions, biases
/// everywhere.</summary>
internal sealed class Bloom : IArchitecture
{
    public string Name => "BloomForCausalLM";

    public string ModelType => "bloom";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var keepsNormed = config.Flag("apply_residual_connection_post_layernorm", false);
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "transformer.word_embeddings.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_epsilon", 1e-5));
        var mlp = new PlainFeedForward(4 * shape.HiddenSize, "gelu_pytorch_tanh", "dense_h_to_4h", "dense_4h_to_h");
        var projection = new QkvProjection(["query_key_value"], HasBias: true) { Order = QkvOrder.Grouped };
        var attention = new SelfAttention(shape.Heads, projection, new OutputProjection("dense", HasBias: true))
        {
            Bias = LinearBias.OfHeads(shape.Heads.Heads) with { IsOfKeys = true },
        };
        var start = norm.Append(
            model.Graph, "embedding_norm", "transformer.word_embeddings_layernorm", model.Graph.Embeds);

        foreach (var layer in model.Layers("transformer.h", start))
        {
            var rows = Normed(layer, norm, keepsNormed, "attention", "input_layernorm");
            layer.Add(attention.Append(layer, rows, "self_attention"));
            rows = Normed(layer, norm, keepsNormed, "mlp", "post_attention_layernorm");
            layer.Add(mlp.Append(layer, rows, "mlp"));
        }

        return model.Finish(norm, "transformer.ln_f", model.Head(config.Flag("tie_word_embeddings", true)));
    }

    // What is normed enters the block, and in some models takes the stream's place as well.
    private static string Normed(DecoderLayer layer, Norm norm, bool keepsNormed, string block, string part)
    {
        if (!keepsNormed)
        {
            return layer.Normed(norm, $"{block}_norm", part);
        }

        layer.Renorm(norm, $"{block}_norm", part);
        return layer.Stream($"{block}_stream");
    }
}
