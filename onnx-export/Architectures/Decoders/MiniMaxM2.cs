using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>MiniMax-M2: Mixtral whose experts are chosen by sigmoids; all queries and all keys are normed at
/// once.</summary>
internal sealed class MiniMaxM2 : IArchitecture
{
    private const int DefaultHeadDim = 128;

    public string Name => "MiniMaxM2ForCausalLM";

    public string ModelType => "minimax_m2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults("""{"rope_theta": 5e6}""");
        var shape = DecoderShape.Read(config, defaultHeadDim: DefaultHeadDim).WithRotaryDim(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("use_qk_norm", true)
                ? new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.AllHeads)
                : null,
        };
        var experts = new ExpertFeedForward(
            config.FindSize("num_local_experts") ?? 256,
            config.FindSize("num_experts_per_tok") ?? 8,
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Routing = ExpertRouting.Sigmoid with { Bias = "e_score_correction_bias" },
            Gate = "w1",
            Up = "w3",
            Down = "w2",
        };

        var part = ExpertFeedForward.PartOf(checkpoint.Tensors);
        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(experts.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), part));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
