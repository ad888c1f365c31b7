using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

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
        var hasBias = config.Flag("attention_bias", false);
        var turns = config.Integers("no_rope_layers");
        if (turns?.Count < shape.Layers)
        {
            throw new RefusedException($"config.json: no_rope_layers has {turns.Count} numbers; it must have one for "
                + $"each of {shape.Layers} layers");
        }

        var interval = config.FindSize("no_rope_layer_interval") ?? DefaultInterval;
        // In spite of its name the list has 1 where positions turn. Layers may have a window where they do not.
        bool IsTurned(int layer) => turns is null ? (layer + 1) % interval != 0 : turns[layer] != 0;
        var windows = config.Flag("use_sliding_window", false)
            ? AttentionWindows.Read(config, shape, layer => !IsTurned(layer))
            : new int?[shape.Layers];
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with
            {
                Rotary = IsTurned(layer.Index) ? attention.Rotary : null,
                Window = windows[layer.Index],
            };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", true)));
    }
}
