using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GPT-OSS: biased attention with sinks, a window in every other layer, and experts whose gates are cut
/// off.</summary>
internal sealed class GptOss : IArchitecture
{
    // What a file without any of it means.
    private const string DefaultRope = """
        {"rope_theta": 150000.0, "rope_scaling": {"rope_type": "yarn", "factor": 32.0, "beta_fast": 32.0,
         "beta_slow": 1.0, "truncate": false, "original_max_position_embeddings": 4096}}
        """;

    public string Name => "GptOssForCausalLM";

    public string ModelType => "gpt_oss";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = RotaryFrequencies.Complete(checkpoint.Config, DefaultRope);
        var shape = DecoderShape.Read(config, defaultHeadDim: 64);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var windows = AttentionWindows.Read(config, shape, layer => layer % 2 == 0, absent: 128);
        var hasBias = config.Flag("attention_bias", true);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
            Sinks = "sinks",
        };
        var experts = new ExpertFeedForward(
            config.FindSize("num_local_experts", "num_experts") ?? 128,
            config.FindSize("num_experts_per_tok", "experts_per_token") ?? 4,
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "silu")
        {
            Router = "router",
            HasBias = true,
            StoresGateAndUpInTurns = true,
            Slope = config.Positive("swiglu_alpha", 1.702),
            UpOffset = 1,
            Limit = config.Positive("swiglu_limit", 7),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(experts.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
