using Stip.Export.Checkpoints;

namespace Stip.Export.Writing;

/// <summary>Files of the checkpoint that a client needs as they are.</summary>
internal static class SourceFiles
{
    private static readonly string[] Names =
    [
        "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
        "vocab.json", "merges.txt", "vocab.txt", "generation_config.json", "chat_template.jinja", "chat_template.json",
        "preprocessor_config.json", "processor_config.json",
    ];

    /// <summary>Copies the contents of those that exist: a read-only source must not make a read-only copy.</summary>
    public static void Copy(ISmallFiles from, string to)
    {
        foreach (var name in Names)
        {
            if (from.Find(name) is { } bytes)
            {
                File.WriteAllBytes(Path.Combine(to, name), bytes);
            }
        }
    }
}
