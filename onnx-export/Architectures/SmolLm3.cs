using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures;

/// <summary>SmolLM3: Llama in which every few layers know no positions.</summary>
internal sealed class SmolLm3 : IArchitecture
{
    private const int DefaultInterval = 4;

    public string Name => "SmolLM3ForCausalLM";

    public string ModelType => "smollm3";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 2e6}""");
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var windows = Qwen2.Windows(config, shape);
        var hasBias = config.Flag("attention_bias", false);
        var turns = config.Integers("no_rope_layers");
        var interval = config.FindSize("no_rope_layer_interval") ?? DefaultInterval;
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            // In spite of its name the list has 1 where positions turn.
            var isTurned = turns is null ? (layer.Index + 1) % interval != 0 : turns[layer.Index] != 0;
            var own = attention with
            {
                Rotary = isTurned ? attention.Rotary : null,
                Window = windows[layer.Index],
            };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
