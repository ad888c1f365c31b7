using Stip.Keys.Bundles;

namespace Stip.Client.Encoders;

/// <summary>Chooses among the prompts of a model.</summary>
internal static class TextPrompts
{
    // As services call what sentence-transformers has as encode_query and encode_document.
    private static readonly string[][] Kinds =
        [["query", "search_query"], ["document", "passage", "corpus", "search_document"]];

    /// <summary>What stands before a text; null or empty for nothing.</summary>
    /// <exception cref="ArgumentException">There is no such prompt.</exception>
    public static string? Of(BundleManifest manifest, TextEmbeddingOptions options)
    {
        if (options.PromptName is { } name)
        {
            return Find(manifest, name) ?? throw Unknown(manifest, name, nameof(options.PromptName));
        }

        if (options.InputType is not { } type)
        {
            return manifest.Prompt;
        }

        var kind = Array.Find(Kinds, kind => kind.Contains(type, StringComparer.OrdinalIgnoreCase));
        return Find(manifest, type)
            ?? (kind is null
                ? throw Unknown(manifest, type, nameof(options.InputType))
                : kind.Select(other => Find(manifest, other)).FirstOrDefault(prompt => prompt is not null)
                    ?? manifest.Prompt);
    }

    private static string? Find(BundleManifest manifest, string name) => manifest.Prompts?.GetValueOrDefault(name);

    private static ArgumentException Unknown(BundleManifest manifest, string name, string parameter) => new(
        $"model '{manifest.Model}' has no prompt '{name}'; "
            + (manifest.Prompts is { Count: > 0 } prompts
                ? $"it has {string.Join(", ", prompts.Keys)}"
                : "it has none"),
        parameter);
}
