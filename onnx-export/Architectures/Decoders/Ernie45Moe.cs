using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>ERNIE 4.5 whose feed-forward part is, in most layers, a router over experts beside one that every row goes
/// through.</summary>
internal sealed class Ernie45Moe : IArchitecture
{
    public string Name => "Ernie4_5_MoeForCausalLM";

    public string ModelType => "ernie4_5_moe";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 5e5}""");
        config.RefuseFlag("use_bias");
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var plain = GatedFeedForward.Read(config);
        var width = config.Size("moe_intermediate_size");
        var shared = config.Count("moe_num_shared_experts");
        var mlp = new SharedExperts(
            plain,
            new ExpertFeedForward(config.Size("moe_num_experts"), config.Size("moe_k"), width, plain.Function)
            {
                Routing = ExpertRouting.Softmax with
                {
                    Bias = BiasOf(checkpoint.Tensors, shape),
                    StoresBiasAsRow = true,
                },
            },
            shared > 0 ? plain with { InnerSize = shared * width } : null)
        {
            IsSparse = Sparse(config, shape),
        };
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config, isInterleaved: true),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", true)));
    }

    // Published checkpoints and the models of current transformers differ.
    private static string BiasOf(ITensorStore tensors, DecoderShape shape)
    {
        const string bias = "moe_statics.e_score_correction_bias";
        return shape.AnyLayerHas(tensors, $"mlp.{bias}") ? bias : $"gate.{bias}";
    }

    private static IReadOnlyList<bool> Sparse(ConfigJson config, DecoderShape shape)
    {
        var first = config.Integer("moe_layer_start_index") ?? 1;
        var last = config.Integer("moe_layer_end_index") is >= 0 and var end ? end : shape.Layers - 1;
        var step = config.FindSize("moe_layer_interval") ?? 1;
        return [.. Enumerable.Range(0, shape.Layers).Select(
            layer => (layer + 1) % step == 0 && layer >= first && layer <= last)];
    }
}
