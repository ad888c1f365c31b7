using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Gemma 3 (text): Gemma 2 without caps, with normed heads, and five local layers to a global one that turn at
/// different speeds.</summary>
internal sealed class Gemma3 : IArchitecture
{
    private const int DefaultHeadDim = 256;
    private const int DefaultWindow = 4096;

    public string Name => "Gemma3ForCausalLM";

    public string ModelType => "gemma3_text";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, defaultHeadDim: DefaultHeadDim);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = MathF.Sqrt(shape.HiddenSize),
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6)) with { Offset = 1 };
        var mlp = Gemma2.FeedForward(config);
        var hasBias = config.Flag("attention_bias", false);
        var isLocal = AttentionWindows.Locals(
            config, shape, layer => (layer + 1) % (config.FindSize("sliding_window_pattern") ?? 6) != 0);
        var windows = AttentionWindows.Read(
            config, shape, layer => isLocal[layer], DefaultWindow, isHalved: checkpoint.SeesAll);
        var rope = config.Section("rope_parameters");
        var local = model.RotaryOf(
            config,
            rope?.Section("sliding_attention"),
            config.Positive("rope_local_base_freq", 1e4),
            name: "rotary.local");
        var global = model.RotaryOf(
            config,
            rope?.Section("full_attention") ?? config.Section("rope_scaling"),
            config.Positive("rope_theta", 1e6));
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead),
            Scale = 1 / Math.Sqrt(config.Positive("query_pre_attn_scalar", DefaultHeadDim)),
            Softcap = config.Cap("attn_logit_softcapping", 0),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with
            {
                Rotary = isLocal[layer.Index] ? local : global,
                Window = windows[layer.Index],
            };
            var attended = own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn");
            layer.Add(layer.Normed(norm, "attention_after", "post_attention_layernorm", attended));
            var moved = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "pre_feedforward_layernorm"), "mlp");
            layer.Add(layer.Normed(norm, "mlp_after", "post_feedforward_layernorm", moved));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "model.norm", head with { Softcap = config.Cap("final_logit_softcapping", 0) });
    }
}
