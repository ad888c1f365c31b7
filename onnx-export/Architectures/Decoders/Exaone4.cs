using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>EXAONE 4: norms after each block and on heads; where some layers are local, only those know
/// positions.</summary>
internal sealed class Exaone4 : IArchitecture
{
    private const int Period = 4;

    public string Name => "Exaone4ForCausalLM";

    public string ModelType => "exaone4";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = GatedFeedForward.Read(config);
        var isMixed = config.FindSize("sliding_window") is not null;
        var isLocal = AttentionWindows.Locals(config, shape, layer => isMixed && IsLocal(config, layer));
        var windows = AttentionWindows.Read(config, shape, layer => isLocal[layer]);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with
            {
                Rotary = !isMixed || isLocal[layer.Index] ? attention.Rotary : null,
                Window = windows[layer.Index],
            };
            var given = own.Append(layer, layer.Stream("attention_stream"), "self_attn");
            layer.Add(layer.Normed(norm, "attention_after", "post_attention_layernorm", given));
            given = mlp.Append(layer, layer.Stream("mlp_stream"), "mlp");
            layer.Add(layer.Normed(norm, "mlp_after", "post_feedforward_layernorm", given));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    // A period, or a letter for each layer of one: L for local.
    private static bool IsLocal(ConfigJson config, int layer) =>
        config.TextIfAny("sliding_window_pattern") is { } letters
        ? letters.Length == 0
            ? throw new RefusedException("config.json: sliding_window_pattern is empty; it must have a letter or more")
            : letters[layer % letters.Length] == 'L'
        : (layer + 1) % (config.FindSize("sliding_window_pattern") ?? Period) != 0;
}
