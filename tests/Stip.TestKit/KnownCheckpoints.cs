using Stip.TestKit.Scripted;

namespace Stip.TestKit;

/// <summary>The checkpoints that tests may read.</summary>
public static class KnownCheckpoints
{
    private static readonly string[] Samples = ["stories", "stories-draft"];

    private static readonly string[] FetchedDecoders =
    [
        "stories260k", "stories-gguf/stories-F16.gguf", "stories-gguf/stories-Q8_0.gguf",
    ];

    private static readonly string[] CopiedFiles =
        ["stories-gguf/stories-Q4_0.gguf", "stories-gguf/stories-Q4_K_M.gguf"];

    /// <summary>Names of all of them.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Samples, "stories-gpt2", "stories-mistral", "stories-mixtral", "tiny-llama2-7b", "tiny-llama2-70b",
        "tiny-gpt2-xl", "tiny-mistral-window", "tiny-mixtral-8x7b",
    ];

    /// <summary>Names of those that read texts or images in one pass, and of the one that sees and answers.</summary>
    public static IReadOnlyList<string> Encoders { get; } =
        ["stories-bert", "tiny-bert-classifier", "digits-vit", "tiny-vit-huge", "digits-llava"];

    /// <summary>GGUF files, each with its reference; those that are large only where STIP_FIXTURES names a
    /// folder.</summary>
    public static IReadOnlyList<string> GgufFiles => [.. CopiedFiles, .. Fetched.Where(name => name.Contains('/'))];

    /// <summary>Names of further decoders in the folder that STIP_FIXTURES names; none where it names none.</summary>
    public static IReadOnlyList<string> Fetched => FetchedFixtures.Folder is null ? [] : FetchedDecoders;

    /// <summary>Names of decoders in folders of transformers, each with its reference: <see cref="Names"/> and those of
    /// <see cref="Fetched"/> that are no GGUF file.</summary>
    public static IReadOnlyList<string> Folders => [.. Names, .. Fetched.Where(name => !name.Contains('/'))];

    /// <summary>The folder, or the GGUF file, of one.</summary>
    public static string Folder(string name) => name == AgentModel.Name ? AgentModel.Folder
        : name == LlamaAgentModel.Name ? LlamaAgentModel.Folder
        : name == MistralAgentModel.Name ? MistralAgentModel.Folder
        : Samples.Contains(name) ? RepositoryRoot.At("samples", "models", name)
        : FetchedDecoders.Contains(name) && FetchedFixtures.Folder is { } folder
            ? Path.Combine(folder, "checkpoints", name)
        : RepositoryRoot.At("tests", "data", "checkpoints", name);
}
