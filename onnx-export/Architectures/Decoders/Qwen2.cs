using Stip.Export.Blocks;
using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Checkpoints;
using Stip.Protocol.Tensors;

namespace Stip.Export.Architectures.Decoders;

/// <summary>Qwen2: Llama with biases on queries, keys and values; upper layers may have a window.</summary>
/// <param name="name">Name of the family.</param>
/// <param name="modelType">Its <c>model_type</c>.</param>
internal sealed class Qwen2(string name, string modelType) : IArchitecture
{
    private const int DefaultWindow = 4096;
    private const int DefaultFirstWindowLayer = 28;

    public Qwen2()
        : this("Qwen2ForCausalLM", "qwen2")
    {
    }

    public string Name => name;

    public string ModelType => modelType;

    /// <summary>The windows of Qwen models: off unless <c>use_sliding_window</c> is set, and then in upper layers
    /// only.</summary>
    public static IReadOnlyList<int?> Windows(ConfigJson config, DecoderShape shape)
    {
        var first = config.Integer("max_window_layers") ?? DefaultFirstWindowLayer;
        return config.Flag("use_sliding_window", false)
            ? AttentionWindows.Read(config, shape, layer => layer >= first, DefaultWindow)
            : new int?[shape.Layers];
    }

    public ExportedModel Build(Checkpoint checkpoint, TensorDtype dtype)
    {
        var config = checkpoint.Config;
        var shape = DecoderShape.Read(config);
        var model = new DecoderModel(checkpoint, dtype, shape, "model.embed_tokens.weight");
        var norm = Norm.Rms(config.Positive("rms_norm_eps", 1e-6));
        var mlp = GatedFeedForward.Read(config);
        var windows = Windows(config, shape);
        var attention = new SelfAttention(
            shape.Heads, QkvProjection.Apart(hasBias: true), new OutputProjection("o_proj", HasBias: false))
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
