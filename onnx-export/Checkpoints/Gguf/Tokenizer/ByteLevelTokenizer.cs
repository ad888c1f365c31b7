using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>Byte-level BPE (<c>tokenizer.ggml.model</c> is <c>gpt2</c>): tokens and merges as they stand in the
/// file.</summary>
internal static class ByteLevelTokenizer
{
    public static JsonObject Describe(GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        var kind = PreTokenizers.Of(metadata);
        var merges = metadata.Texts("tokenizer.ggml.merges")
            ?? throw metadata.Refused("there is no tokenizer.ggml.merges, which byte-level tokenizers need");
        var tokenizer = TokenizerJson.Frame(metadata, vocabulary, kind.AddsBos);
        tokenizer["normalizer"] = kind.Normalizer is null ? null : new JsonObject { ["type"] = kind.Normalizer };
        tokenizer["pre_tokenizer"] = kind.Describe();
        tokenizer["decoder"] = new JsonObject
        {
            ["type"] = "ByteLevel",
            ["add_prefix_space"] = true,
            ["trim_offsets"] = true,
            ["use_regex"] = true,
        };
        tokenizer["model"] = TokenizerJson.Bpe(
            vocabulary, merges.Select(Pair(metadata)), ignoresMerges: kind.IgnoresMerges);
        return tokenizer;
    }

    // Tokens may hold no space, so the one space is where the parts meet.
    private static Func<string, (string Left, string Right)> Pair(GgufMetadata metadata) => merge =>
        merge.Split(' ') is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw metadata.Refused($"tokenizer.ggml.merges holds '{merge}', which is not two parts with a space");
}
