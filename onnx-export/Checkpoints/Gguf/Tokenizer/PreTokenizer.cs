using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>What one name of <c>tokenizer.ggml.pre</c> stands for.</summary>
/// <param name="Patterns">Each cuts the pieces of the one before it: what matches and what lies between.</param>
internal sealed record PreTokenizer(params string[] Patterns)
{
    /// <summary>Unicode form that text is brought to first, null for none.</summary>
    public string? Normalizer { get; init; }

    /// <summary>True where a word that is a token as a whole is taken as such.</summary>
    public bool IgnoresMerges { get; init; }

    /// <summary>What holds where the file does not say whether texts begin with the first token.</summary>
    public bool AddsBos { get; init; }

    /// <summary>The field <c>pre_tokenizer</c> of a tokenizer.json.</summary>
    public JsonObject Describe() => Patterns is [Tokenizer.Patterns.Gpt2]
        ? ByteLevel(splits: true)
        : new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray([.. Patterns.Select(Split), ByteLevel(splits: false)]),
        };

    private static JsonNode Split(string pattern) => new JsonObject
    {
        ["type"] = "Split",
        ["pattern"] = new JsonObject { ["Regex"] = pattern },
        ["behavior"] = "Isolated",
        ["invert"] = false,
    };

    // With splits it cuts by the pattern of GPT-2 itself.
    private static JsonObject ByteLevel(bool splits) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = false,
        ["trim_offsets"] = true,
        ["use_regex"] = splits,
    };
}
