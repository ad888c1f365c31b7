using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Mistral: Llama whose queries see a sliding window.</summary>
internal sealed class Mistral(string name, string modelType) : IArchitecture
{
    private const int DefaultWindow = 4096;

    // What its files leave out.
    private const string CwmDefaults = """
        {"rms_norm_eps": 1e-5, "head_dim": 128, "sliding_window": 8192, "rope_theta": 1e6, "rope_scaling":
         {"rope_type": "llama3", "factor": 16, "low_freq_factor": 1, "high_freq_factor": 4,
          "original_max_position_embeddings": 8192}}
        """;

    public Mistral()
        : this("MistralForCausalLM", "mistral")
    {
    }

    /// <summary>CWM: the first of every four layers sees everything.</summary>
    public static Mistral Cwm { get; } = new("CwmForCausalLM", "cwm") { GlobalPeriod = 4, Defaults = CwmDefaults };

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>Every so many layers, the first of them sees everything; null where none does.</summary>
    public int? GlobalPeriod { get; init; }

    /// <summary>Fields of config.json that stand for absent ones, a JSON object.</summary>
    public string Defaults { get; init; } = "{}";

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config.WithDefaults(Defaults);
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var windows = AttentionWindows.Read(
            config, shape, layer => GlobalPeriod is not { } period || layer % period != 0, DefaultWindow);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: false), new OutputProjection("o_proj", HasBias: false))
        {
            Rotary = model.Rotary(config),
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
