namespace Stip.Export.Checkpoints.Gguf;

/// <summary>A family of models by the name that GGUF files give it.</summary>
/// <param name="Name">Value of <c>general.architecture</c>, and prefix of the keys that describe the model.</param>
/// <param name="HuggingFaceName">The same in <c>architectures</c> of a config.json.</param>
/// <param name="ModelType">The same in <c>model_type</c>.</param>
internal sealed record GgufArchitecture(string Name, string HuggingFaceName, string ModelType)
{
    private const string Key = "general.architecture";

    private static readonly GgufArchitecture[] All =
    [
        new("llama", "LlamaForCausalLM", "llama") { InterleavesRotary = true },
        new("qwen2", "Qwen2ForCausalLM", "qwen2"),
        new("qwen3", "Qwen3ForCausalLM", "qwen3"),
        new("phi3", "Phi3ForCausalLM", "phi3"),
        new("gemma2", "Gemma2ForCausalLM", "gemma2")
        {
            NormOffset = 1,
            Names = new Dictionary<string, string>
            {
                ["post_attention_layernorm"] = "post_attention_norm",
                ["pre_feedforward_layernorm"] = "ffn_norm",
                ["post_feedforward_layernorm"] = "post_ffw_norm",
            },
        },
    ];

    /// <summary>True where the rows of queries and keys are stored in another order.</summary>
    public bool InterleavesRotary { get; private init; }

    /// <summary>What files add to the factors of norms that checkpoints store.</summary>
    public float NormOffset { get; private init; }

    /// <summary>Parts of a layer that have other names than in most families.</summary>
    public IReadOnlyDictionary<string, string> Names { get; private init; } = new Dictionary<string, string>();

    public static GgufArchitecture Of(GgufMetadata metadata)
    {
        var name = metadata.RequiredText(Key);
        return Array.Find(All, family => family.Name == name) ?? throw metadata.Refused(
            $"{Key} '{name}' is not supported; there are {string.Join(", ", All.Select(family => family.Name))}");
    }
}
