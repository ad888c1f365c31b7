using Stip.Export.Blocks;
using Stip.Export.Checkpoints;
using Stip.Onnx;

namespace Stip.Export.Architectures;

/// <summary>config.json of a GPT-2; fields that are absent have the values that transformers gives them.</summary>
internal sealed record Gpt2Config(
    int HiddenSize,
    int InnerSize,
    int Layers,
    AttentionHeads Heads,
    int VocabSize,
    int ContextLength,
    double NormEpsilon,
    string Activation,
    bool ScalesByHeadDim,
    bool ScalesByLayer,
    bool IsTied)
{
    private const int InnerFactor = 4;
    private const int DefaultContextLength = 1024;

    public static Gpt2Config Read(ConfigJson config)
    {
        if (config.Flag("add_cross_attention", false))
        {
            throw new RefusedException(
                "config.json: add_cross_attention is true; only decoders on their own are supported (false)");
        }

        var hidden = config.Size("n_embd", "hidden_size");
        var heads = config.Size("n_head", "num_attention_heads");
        return new Gpt2Config(
            hidden,
            config.FindSize("n_inner") ?? InnerFactor * hidden,
            config.Size("n_layer", "num_hidden_layers"),
            new AttentionHeads(heads, heads, HeadDim.Of(hidden, heads), IsRotary: false),
            config.Size("vocab_size"),
            config.FindSize("n_positions", "max_position_embeddings", "n_ctx") ?? DefaultContextLength,
            config.Positive("layer_norm_epsilon", 1e-5),
            config.Text("activation_function", "hidden_act") ?? "gelu_new",
            config.Flag("scale_attn_weights", true),
            config.Flag("scale_attn_by_inverse_layer_idx", false),
            config.Flag("tie_word_embeddings", true));
    }

    /// <summary>Factor on the attention scores of a layer.</summary>
    public double Scale(int layer) =>
        (ScalesByHeadDim ? 1 / Math.Sqrt(Heads.Dim) : 1) / (ScalesByLayer ? layer + 1 : 1);
}
