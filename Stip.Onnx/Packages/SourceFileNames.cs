namespace Stip.Onnx.Packages;

/// <summary>Files of a checkpoint that a client needs as they are.</summary>
public static class SourceFileNames
{
    /// <summary>Where a tokenizer is described.</summary>
    public const string Tokenizer = "tokenizer.json";

    /// <summary>Names inside the folder, one in a folder of its own; any may be absent.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        Tokenizer, "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.model",
        "vocab.json", "merges.txt", "vocab.txt", "generation_config.json", "chat_template.jinja", "chat_template.json",
        "additional_chat_templates/tool_use.jinja", "preprocessor_config.json", "processor_config.json",
    ];
}
