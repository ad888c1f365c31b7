using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Phi-1 and Phi-2: one LayerNorm for attention and feed-forward side by side, half of each head turns, biases
/// everywhere.</summary>
internal sealed class Phi : IArchitecture
{
    public string Name => "PhiForCausalLM";

    public string ModelType => "phi";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0.5);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-5));
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"), config.Text("hidden_act") ?? "gelu_new", "fc1", "fc2");
        var heads = new HeadNorm(norm, "q_layernorm", "k_layernorm", HeadNormScope.EachHead);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: true), new OutputProjection("dense", HasBias: true))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("qk_layernorm", false) ? heads : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            layer.Add(attention.Append(layer, rows, "self_attn"));
            layer.Add(mlp.Append(layer, rows, "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", false), hasBias: true);
        return model.Finish(norm, "model.final_layernorm", head);
    }
}
