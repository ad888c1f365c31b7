using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Mistral Small 4: DeepSeek's latent attention with queries that grow with their position, experts chosen by
/// a softmax beside one that every row goes through.</summary>
internal sealed class Mistral4 : IArchitecture
{
    private const string DefaultRope = """
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4, "factor": 128, "mscale": 1, "mscale_all_dim": 1,
         "original_max_position_embeddings": 8192, "llama_4_scaling_beta": 0.1}}
        """;

    public string Name => "Mistral4ForCausalLM";

    public string ModelType => "mistral4";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = RotaryFrequencies.Complete(checkpoint.Config, DefaultRope);
        var shape = LatentAttention.ReadShape(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = SharedExperts.Read(config, shape, ExpertRouting.Softmax with
        {
            Groups = config.FindSize("n_group") ?? 1,
            ChosenGroups = config.FindSize("topk_group") ?? 1,
            Factor = config.Positive("routed_scaling_factor", 1),
        });
        var rotary = model.Rotary(config, isInterleaved: config.Flag("rope_interleave", true));
        var attention = LatentAttention.Read(config, shape.Heads, rotary) with
        {
            QueryFactor = PositionFactor.Append(model.Graph, config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
