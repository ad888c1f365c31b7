using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>Jais 2: Llama with LayerNorm, biases, and one squared ReLU instead of a gate.</summary>
internal sealed class Jais2 : IArchitecture
{
    public string Name => "Jais2ForCausalLM";

    public string ModelType => "jais2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Layer(config.Positive("layer_norm_eps", 1e-5));
        var hasBias = config.Flag("attention_bias", true);
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "relu2",
            "up_proj",
            "down_proj",
            config.Flag("mlp_bias", true));
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
