using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>DeepSeek-V3 (Kimi K2 and Moonlight too): keys and values from a latent vector; experts chosen by sigmoids
/// within the best groups, beside one that every row goes through.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="firstSparse">First layer with experts where config.json does not say.</param>
internal sealed class DeepseekV3(string name, string modelType, int firstSparse) : IArchitecture
{
    /// <summary>Youtu: no experts, a head tied to the token table.</summary>
    public static DeepseekV3 Youtu { get; } = new("YoutuForCausalLM", "youtu", firstSparse: 0) { IsTied = true };

    /// <summary>A.X K1: what the experts of a layer give goes through a norm.</summary>
    public static DeepseekV3 AxK1 { get; } = new("AXK1ForCausalLM", "axk1", firstSparse: 1) { NormsExperts = true };

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>True where the head is the token table unless config.json says otherwise.</summary>
    public bool IsTied { get; init; }

    private bool NormsExperts { get; init; }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        config.RefuseUnless("scoring_func", "sigmoid");
        config.RefuseUnless("topk_method", "noaux_tc");
        var shape = LatentAttention.ReadShape(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = SharedExperts.Read(config, shape, ExpertRouting.ReadBalanced(config, 2.5), firstSparse);
        var rotary = model.Rotary(config, isInterleaved: config.Flag("rope_interleave", true));
        var attention = LatentAttention.Read(config, shape.Heads, rotary);
        attention = attention with
        {
            Scale = attention.Scale * YarnScaling.ScoreFactor(config),
            QueryFactor = PositionFactor.Append(model.Graph, config),
        };

        // Published files have it beside the experts, models of transformers in them.
        var after = shape.AnyLayerHas(checkpoint.Tensors, "post_mlp_layernorm.weight")
            ? "post_mlp_layernorm"
            : "mlp.post_mlp_layernorm";
        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            var mixed = mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp");
            layer.Add(NormsExperts && mlp.IsSparse[layer.Index]
                ? layer.Normed(norm, "mlp_after", after, mixed)
                : mixed);
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", IsTied)));
    }
}
