using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>K-EXAONE: attention of EXAONE 4 with norms before its blocks, experts chosen by sigmoids beside one that
/// every row goes through.</summary>
internal sealed class ExaoneMoe : IArchitecture
{
    private const string Defaults = """{"sliding_window": 4096, "sliding_window_pattern": 4}""";

    public string Name => "ExaoneMoeForCausalLM";

    public string ModelType => "exaone_moe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var routing = ExpertRouting.ReadBalanced(config, factor: 2.5) with { Bias = BiasOf(checkpoint.Tensors, shape) };
        var mlp = SharedExperts.Read(config, shape, routing, firstSparse: 1);
        var isMixed = config.FindSize("sliding_window") is not null;
        var isLocal = AttentionWindows.Locals(
            config, shape, layer => isMixed && (layer + 1) % config.Size("sliding_window_pattern") != 0);
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
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    // Published checkpoints and the models of current transformers differ.
    private static string BiasOf(ITensorStore tensors, DecoderShape shape)
    {
        const string bias = "e_score_correction_bias";
        return shape.AnyLayerHas(tensors, $"mlp.{bias}") ? bias : $"gate.{bias}";
    }
}
