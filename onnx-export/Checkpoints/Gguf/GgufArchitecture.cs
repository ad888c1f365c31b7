namespace Stip.Export.Checkpoints.Gguf;

/// <summary>A family of models by the name that GGUF files give it.</summary>
/// <param name="Name">Value of <c>general.architecture</c>, and prefix of the keys that describe the model.</param>
/// <param name="HuggingFaceName">The same in <c>architectures</c> of a config.json.</param>
/// <param name="ModelType">The same in <c>model_type</c>.</param>
/// <param name="InterleavesRotary">True where the rows of queries and keys are stored in another order.</param>
internal sealed record GgufArchitecture(
    string Name, string HuggingFaceName, string ModelType, bool InterleavesRotary = false)
{
    private const string Key = "general.architecture";

    private static readonly GgufArchitecture[] All =
    [
        new("llama", "LlamaForCausalLM", "llama", InterleavesRotary: true),
        new("qwen2", "Qwen2ForCausalLM", "qwen2"),
        new("qwen3", "Qwen3ForCausalLM", "qwen3"),
        new("phi3", "Phi3ForCausalLM", "phi3"),
    ];

    public static GgufArchitecture Of(GgufMetadata metadata)
    {
        var name = metadata.RequiredText(Key);
        return Array.Find(All, family => family.Name == name) ?? throw metadata.Refused(
            $"{Key} '{name}' is not supported; there are {string.Join(", ", All.Select(family => family.Name))}");
    }
}
