using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>OLMo 3: OLMo 2 with three local layers to a global one; only global ones have their positions
/// stretched.</summary>
internal sealed class Olmo3 : IArchitecture
{
    private const int Period = 4;
    private const int DefaultWindow = 4096;

    public string Name => "Olmo3ForCausalLM";

    public string ModelType => "olmo3";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = GatedFeedForward.Read(config);
        var isLocal = AttentionWindows.Locals(config, shape, layer => (layer + 1) % Period != 0);
        var windows = AttentionWindows.Read(config, shape, layer => isLocal[layer], DefaultWindow);
        var rope = config.Section("rope_parameters");
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = rope?.Section("full_attention") is { } whole
                ? model.RotaryOf(config, whole, theta: null)
                : model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.AllHeads),
        };
        var theta = rope?.FindPositive("rope_theta");
        var local = model.RotaryOf(config, rope?.Section("sliding_attention"), theta, name: "rotary.local");

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with
            {
                Rotary = isLocal[layer.Index] ? local : attention.Rotary,
                Window = windows[layer.Index],
            };
            var given = own.Append(layer, layer.Stream("attention_stream"), "self_attn");
            layer.Add(layer.Normed(norm, "attention_after", "post_attention_layernorm", given));
            given = mlp.Append(layer, layer.Stream("mlp_stream"), "mlp");
            layer.Add(layer.Normed(norm, "mlp_after", "post_feedforward_layernorm", given));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
