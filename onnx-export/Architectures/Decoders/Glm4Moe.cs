using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>GLM-4.5: half of each head turns, experts chosen by sigmoids beside one that every row goes
/// through.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class Glm4Moe(string name, string modelType) : IArchitecture
{
    public Glm4Moe()
        : this("Glm4MoeForCausalLM", "glm4_moe")
    {
    }

    /// <summary>Solar Open: whole heads turn, every layer has experts.</summary>
    public static Glm4Moe SolarOpen { get; } = new("SolarOpenForCausalLM", "solar_open")
    {
        RotaryShare = 1,
        FirstSparse = 0,
        Defaults = """{"rope_theta": 1e6, "head_dim": 128}""",
    };

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>Share of a head that turns, where config.json does not say it.</summary>
    public double RotaryShare { get; init; } = 0.5;

    /// <summary>First layer with experts, where config.json does not say it.</summary>
    public int FirstSparse { get; init; } = 1;

    /// <summary>What its files may leave out.</summary>
    public string Defaults { get; init; } = "{}";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var shape = DecoderShape.Read(config, rotaryShare: RotaryShare);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-5));
        var mlp = SharedExperts.Read(config, shape, ExpertRouting.ReadBalanced(config), FirstSparse);
        var attention = new SelfAttention(
            shape.Heads,
            QkvProjection.Apart(config.Flag("attention_bias", false)),
            new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
            Norm = config.Flag("use_qk_norm", false)
                ? new HeadNorm(norm, "q_norm", "k_norm", HeadNormScope.EachHead)
                : null,
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norm, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norm, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norm, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
