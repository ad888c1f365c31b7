using Stip.TestKit.Scripted;

namespace Stip.TestKit;

/// <summary>The checkpoints that tests may read.</summary>
public static class KnownCheckpoints
{
    private static readonly string[] Samples = ["stories", "stories-draft"];

    /// <summary>Names of all of them.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. Samples, "stories-gpt2", "tiny-llama2-7b", "tiny-llama2-70b", "tiny-gpt2-xl", "tiny-mistral-window",
        "tiny-mixtral-8x7b",
    ];

    /// <summary>Names of those that read texts or images in one pass, and of the one that sees and answers.</summary>
    public static IReadOnlyList<string> Encoders { get; } =
        ["tiny-bert-classifier", "digits-vit", "tiny-vit-huge", "digits-llava"];

    /// <summary>The folder of one.</summary>
    public static string Folder(string name) => name == AgentModel.Name ? AgentModel.Folder
        : Samples.Contains(name) ? RepositoryRoot.At("samples", "models", name)
        : RepositoryRoot.At("tests", "data", "checkpoints", name);
}
