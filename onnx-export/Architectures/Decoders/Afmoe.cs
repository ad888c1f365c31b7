using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>AFMoE (Trinity): gated attention that turns in local layers only, four norms, and DeepSeek-V3's
/// experts.</summary>
internal sealed class Afmoe : IArchitecture
{
    private const int DefaultWindow = 1024;

    public string Name => "AfmoeForCausalLM";

    public string ModelType => "afmoe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, defaultHeadDim: 128);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight")
        {
            EmbeddingScale = config.Flag("mup_enabled", false) ? Math.Sqrt(shape.HiddenSize) : 1,
        };
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = Experts(config, shape);
        var step = config.FindSize("global_attn_every_n_layers") ?? 4;
        var isLocal = AttentionWindows.Locals(config, shape, layer => (layer + 1) % step != 0);
        var windows = AttentionWindows.Read(config, shape, layer => isLocal[layer], DefaultWindow);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
            Norm = new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead),
            Gate = "gate_proj",
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with
            {
                Rotary = isLocal[layer.Index] ? attention.Rotary : null,
                Window = windows[layer.Index],
            };
            var given = own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn");
            layer.Add(layer.Normed(norm, "attention_after", "post_attention_layernorm", given));
            given = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "pre_mlp_layernorm"), "mlp");
            layer.Add(layer.Normed(norm, "mlp_after", "post_mlp_layernorm", given));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    private static SharedExperts Experts(ConfigJson config, DecoderShape shape)
    {
        config.RefuseUnless("score_func", "sigmoid");
        var routing = ExpertRouting.Sigmoid with
        {
            Bias = "expert_bias",
            Groups = config.FindSize("n_group") ?? 1,
            ChosenGroups = config.FindSize("topk_group") ?? 1,
            Factor = config.Positive("route_scale", 1),
        };
        var mlp = SharedExperts.Read(config, shape, routing);
        var dense = config.Has("num_dense_layers") ? config.Count("num_dense_layers") : 1;
        return mlp with
        {
            Experts = mlp.Experts is null ? null : mlp.Experts with
            {
                Router = "router.gate",
                Normalizes = config.Flag("route_norm", true),
            },
            IsSparse = [.. Enumerable.Range(0, shape.Layers).Select(layer => layer >= dense)],
        };
    }
}
