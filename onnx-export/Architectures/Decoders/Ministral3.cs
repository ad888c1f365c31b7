using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Ministral 3: Mistral whose queries grow with their position, beyond what it was trained with.</summary>
internal sealed class Ministral3 : IArchitecture
{
    private const string DefaultRope = """
        {"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e6, "factor": 16, "mscale": 1, "mscale_all_dim": 1,
         "original_max_position_embeddings": 16384, "llama_4_scaling_beta": 0.1}}
        """;

    public string Name => "Ministral3ForCausalLM";

    public string ModelType => "ministral3";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = RotaryFrequencies.Complete(checkpoint.Config, DefaultRope);
        var rope = config.Section("rope_parameters") ?? config.Section("rope_scaling");
        var grows = rope?.Zeroable("llama_4_scaling_beta") is > 0;
        var shape = DecoderShape.Read(config) with { LooksUpPositions = grows };
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = GatedFeedForward.Read(config);
        var windows = AttentionWindows.Read(config, shape, _ => true);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
            QueryFactor = PositionFactor.Append(model.Graph, config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            var own = attention with { Window = windows[layer.Index] };
            layer.Add(own.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
