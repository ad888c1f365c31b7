using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>XGLM: OPT with scaled embeddings, GELU, and positions that are waves instead of learned.</summary>
internal sealed class Xglm : IArchitecture
{
    public string Name => "XGLMForCausalLM";

    public string ModelType => "xglm";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = config.Flag("scale_embedding", true) ? MathF.Sqrt(shape.HiddenSize) : 1,
            Positions = WavePositions.OfFairseq(shape.ContextLength, shape.HiddenSize),
        };
        var norm = Norm.Layer(1e-5);
        var mlp = new PlainFeedForward(
            config.Size("ffn_dim"), config.Text("activation_function") ?? "gelu", "fc1", "fc2");
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: true), new OutputProjection("out_proj", HasBias: true));

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(
                layer, layer.Normed(norm, "attention_norm", "self_attn_layer_norm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "final_layer_norm"), part: ""));
        }

        return model.Finish(norm, "model.layer_norm", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
