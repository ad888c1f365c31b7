using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Onnx;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>DeepSeek-V2: keys and values from a latent vector; experts chosen by a softmax, of the large models within
/// the best groups.</summary>
internal sealed class DeepseekV2 : IArchitecture
{
    public string Name => "DeepseekV2ForCausalLM";

    public string ModelType => "deepseek_v2";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = LatentAttention.ReadShape(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = SharedExperts.Read(config, shape, Routing(config), normalizes: false);
        var attention = LatentAttention.Read(config, shape.Heads, model.Rotary(config, isInterleaved: true));
        attention = attention with
        {
            Scale = attention.Scale * YarnScaling.ScoreFactor(config),
            QueryFactor = PositionFactor.Append(model.Graph, config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }

    // Shares either sum to 1 or are scaled.
    private static ExpertRouting Routing(ConfigJson config)
    {
        config.RefuseUnless("scoring_func", "softmax");
        var routing = ExpertRouting.Softmax with
        {
            Factor = config.Flag("norm_topk_prob", false) ? 1 : config.Positive("routed_scaling_factor", 1),
        };
        return config.Text("topk_method") switch
        {
            null or "greedy" => routing,
            "group_limited_greedy" => routing with
            {
                Groups = config.Size("n_group"),
                ChosenGroups = config.Size("topk_group"),
                Speakers = 1,
            },
            var method => throw new RefusedException(
                $"config.json: topk_method '{method}' is not supported; there are greedy, group_limited_greedy"),
        };
    }
}
