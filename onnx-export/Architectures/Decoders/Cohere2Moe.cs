using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Command A+ (Cohere 2 with experts): attention and experts beside each other, three local layers to a
/// global one, which knows no positions; the first layers may be plain.</summary>
internal sealed class Cohere2Moe : IArchitecture
{
    private const int DefaultWindow = 4096;

    public string Name => "Cohere2MoeForCausalLM";

    public string ModelType => "cohere2_moe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config, defaultHeadDim: 128);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = config.FindPositive("rms_norm_eps") is { } epsilon
            ? Norm.Rms(epsilon)
            : Norm.LayerWithoutBias(config.Positive("layer_norm_eps", 1e-5));
        var mlp = Experts(config, shape);
        var prefix = config.Count("first_k_dense_replace");
        var prefixPattern = config.FindSize("prefix_dense_sliding_window_pattern") ?? 1;
        var pattern = config.FindSize("sliding_window_pattern") ?? 4;
        var isLocal = AttentionWindows.Locals(
            config,
            shape,
            layer => layer < prefix ? (layer + 1) % prefixPattern != 0 : (layer - prefix + 1) % pattern != 0);
        var windows = AttentionWindows.Read(config, shape, layer => isLocal[layer], DefaultWindow);
        var hasBias = config.Flag("attention_bias", false);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config, isInterleaved: true),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var turns = isLocal[layer.Index] || (!mlp.IsSparse[layer.Index] && prefixPattern == 1);
            var own = attention with
            {
                Rotary = turns ? attention.Rotary : null,
                Window = windows[layer.Index],
            };
            var rows = layer.Normed(norm, "attention_norm", "input_layernorm");
            layer.Add(own.Append(layer, rows, "self_attn"));
            layer.Add(mlp.Append(layer, rows, "mlp"));
        }

        var head = model.Head(config.Flag("tie_word_embeddings", true));
        return model.Finish(norm, "model.norm", head with { Scale = config.Positive("logit_scale", 0.0625) });
    }

    private static SharedExperts Experts(ConfigJson config, DecoderShape shape)
    {
        var (plain, kinds) = (GatedFeedForward.Read(config), config.Texts("mlp_layer_types"));
        var prefix = config.Count("first_k_dense_replace");
        bool[] isSparse = [.. Enumerable.Range(0, shape.Layers).Select(
            layer => layer < kinds.Count ? kinds[layer] == "sparse" : layer >= prefix)];
        var isSigmoid = IsOther(config, "expert_selection_fn", "softmax", "sigmoid");
        var shared = config.Count("num_shared_experts");
        var experts = new ExpertFeedForward(
            config.FindSize("num_experts", "num_local_experts") ?? 8,
            config.FindSize("num_experts_per_tok") ?? 2,
            plain.InnerSize,
            plain.Function)
        {
            Routing = isSigmoid ? ExpertRouting.Sigmoid : ExpertRouting.Softmax,
            Normalizes = !isSigmoid || config.Flag("norm_topk_prob", true),
        };
        return new SharedExperts(
            isSparse.All(sparse => sparse)
                ? plain
                : plain with { InnerSize = config.Size("prefix_dense_intermediate_size") },
            experts,
            shared > 0 ? plain with { InnerSize = shared * plain.InnerSize } : null)
        {
            IsSparse = isSparse,
            Factor = IsOther(config, "shared_expert_combination_strategy", "average", "sum") ? 1 : 0.5,
        };
    }

    private static bool IsOther(ConfigJson config, string name, string usual, string other)
    {
        config.RefuseUnless(name, usual, other);
        return config.Text(name) == other;
    }
}
