using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Llama with a plain feed-forward part: one squared ReLU instead of a gate.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
/// <param name="norm">What its norms are.</param>
internal sealed class PlainLlama(string name, string modelType, Func<ConfigJson, Norm> norm) : IArchitecture
{
    public static PlainLlama Arcee { get; } = new(
        "ArceeForCausalLM", "arcee", config => Norm.Rms(config.Positive("rms_norm_eps", 1e-5)));

    /// <summary>Jais 2: LayerNorm and biases.</summary>
    public static PlainLlama Jais2 { get; } = new(
        "Jais2ForCausalLM", "jais2", config => Norm.Layer(config.Positive("layer_norm_eps", 1e-5)))
    {
        HasBiases = true,
        Defaults = """{"rope_theta": 5e5}""",
    };

    /// <summary>Nemotron: LayerNorms whose factors are stored as differences from 1, half of each head turns.</summary>
    public static PlainLlama Nemotron { get; } = new(
        "NemotronForCausalLM",
        "nemotron",
        config => Norm.Layer(config.Positive("norm_eps", 1e-5)) with { Offset = 1 })
    {
        RotaryShare = 0.5,
    };

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>Share of a head that turns, where config.json does not say it.</summary>
    public double RotaryShare { get; init; } = 1;

    /// <summary>Whether projections have biases, where config.json does not say it.</summary>
    public bool HasBiases { get; init; }

    /// <summary>What its files may leave out.</summary>
    public string Defaults { get; init; } = "{}";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var shape = DecoderShape.Read(config, RotaryShare);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norms = norm(config);
        var hasBias = config.Flag("attention_bias", HasBiases);
        var mlp = new PlainFeedForward(
            config.Size("intermediate_size"),
            config.Text("hidden_act") ?? "relu2",
            "up_proj",
            "down_proj",
            config.Flag("mlp_bias", HasBiases));
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias), new OutputProjection("o_proj", hasBias))
        {
            Rotary = model.Rotary(config),
        };

        foreach (var layer in model.Layers("model.layers"))
        {
            layer.Add(attention.Append(layer, layer.Normed(norms, "attention_norm", "input_layernorm"), "self_attn"));
            layer.Add(mlp.Append(layer, layer.Normed(norms, "mlp_norm", "post_attention_layernorm"), "mlp"));
        }

        return model.Finish(norms, "model.norm", model.Head(config.Flag("tie_word_embeddings", false)));
    }
}
