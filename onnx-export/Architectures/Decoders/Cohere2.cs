using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Command-R7B (Cohere 2): Cohere with three local layers to a global one, which knows no positions.</summary>
internal sealed class Cohere2 : IArchitecture
{
    private const int DefaultWindow = 4096;

    public string Name => "Cohere2ForCausalLM";

    public string ModelType => "cohere2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.LayerWithoutBias(config.Positive("layer_norm_eps", 1e-5));
        var mlp = GatedFeedForward.Read(config);
        var hasBias = config.Flag("attention_bias", false);
        var isLocal = AttentionWindows.Locals(
            config, shape, layer => (layer + 1) % (config.FindSize("sliding_window_pattern") ?? 4) != 0);
        var windows = AttentionWindows.Read(config, shape, layer => isLocal[layer], DefaultWindow);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config, isInterleaved: true),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with
            {
                Rotary = isLocal[layer.Index] ? attention.Rotary : null,
                Window = windows[layer.Index],
            };
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            layer.Add(own.Append(layer, rows, "self_attn"));
            layer.Add(mlp.Append(layer, rows, "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "model.norm", head with { Scale = config.Positive("logit_scale", 0.0625) });
    }
}
