using Stip.Export.Blocks;
using Stip.Export.Checkpoints;

namespace Stip.Export.Architectures;

/// <summary>config.json of a Llama; fields that are absent have the values that transformers gives them.</summary>
internal sealed record LlamaConfig(
    int HiddenSize,
    int InnerSize,
    int Layers,
    AttentionHeads Heads,
    int VocabSize,
    int ContextLength,
    double NormEpsilon,
    string Activation,
    bool HasAttentionBias,
    bool HasMlpBias,
    bool IsTied)
{
    private const int DefaultContextLength = 2048;

    public static LlamaConfig Read(ConfigJson config)
    {
        var hidden = config.Size("hidden_size");
        var heads = config.Size("num_attention_heads");
        var kvHeads = config.FindSize("num_key_value_heads") ?? heads;
        var headDim = config.FindSize("head_dim") ?? HeadDim.Of(hidden, heads);
        return new LlamaConfig(
            hidden,
            config.Size("intermediate_size"),
            config.Size("num_hidden_layers"),
            new AttentionHeads(heads, kvHeads, headDim, IsRotary: true).Checked(),
            config.Size("vocab_size"),
            config.FindSize("max_position_embeddings") ?? DefaultContextLength,
            config.Positive("rms_norm_eps", 1e-6),
            config.Text("hidden_act") ?? "silu",
            config.Flag("attention_bias", false),
            config.Flag("mlp_bias", false),
            config.Flag("tie_word_embeddings", false));
    }
}
