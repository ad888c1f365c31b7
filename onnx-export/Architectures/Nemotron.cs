using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>Nemotron: LayerNorms whose factors are stored as differences from 1, half of each head turns, squared
/// ReLU.</summary>
internal sealed class Nemotron : IArchitecture
{
    public string Name => "NemotronForCausalLM";

    public string ModelType => "nemotron";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, rotaryShare: 0.5);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Layer(config.Positive("norm_eps", 1e-5)) with { Offset = 1 };
        var hasBias = config.Flag("attention_bias", false);
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "relu2",
            "up_proj",
            "down_proj",
            config.Flag("mlp_bias", false));
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
