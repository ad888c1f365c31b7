using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>InternLM2: Llama whose fused projection stores each group's queries, key and value together.</summary>
internal sealed class InternLm2 : IArchitecture
{
    public string Name => "InternLM2ForCausalLM";

    public string ModelType => "internlm2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.tok_embeddings.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config) with { Gate = "w1", Up = "w3", Down = "w2" };
        var hasBias = config.Flag("bias", true);
        var projection = new QkvProjection(["wqkv"], hasBias) { Order = QkvOrder.Grouped };
        var attention = new SelfAttention(
            shape.Heads, projection, new OutputProjection("wo", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "attention_norm"), "attention"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "ffn_norm"), "feed_forward"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false), "output"));
    }
}
