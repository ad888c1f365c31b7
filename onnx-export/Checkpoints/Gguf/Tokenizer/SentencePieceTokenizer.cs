using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>
/// SentencePiece BPE with byte fallback (<c>tokenizer.ggml.model</c> is <c>llama</c>): merges follow from the scores.
/// </summary>
internal static class SentencePieceTokenizer
{
    private const string Space = "\u2581";

    public static JsonObject Describe(GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        var scores = metadata.Numbers("tokenizer.ggml.scores");
        if (scores?.Count != vocabulary.Tokens.Count)
        {
            throw metadata.Refused($"tokenizer.ggml.scores has {scores?.Count ?? 0} entries for "
                + $"{vocabulary.Tokens.Count} tokens");
        }

        var hasPrefix = metadata.Flag("tokenizer.ggml.add_space_prefix") ?? true;
        var tokenizer = TokenizerJson.Frame(metadata, vocabulary, addsBosByDefault: true);
        tokenizer["normalizer"] = Sequence("normalizers", hasPrefix
            ? [new JsonObject { ["type"] = "Prepend", ["prepend"] = Space }, Replace(" ", Space)]
            : [Replace(" ", Space)]);
        tokenizer["pre_tokenizer"] = null;
        tokenizer["decoder"] = Sequence("decoders", [
            Replace(Space, " "),
            new JsonObject { ["type"] = "ByteFallback" },
            new JsonObject { ["type"] = "Fuse" },
            .. hasPrefix ? (JsonNode[])[Strip()] : []]);
        var unknown = vocabulary.Id(metadata, "unknown_token_id")
            ?? vocabulary.Types.ToList().IndexOf(GgufTokenType.Unknown);
        tokenizer["model"] = TokenizerJson.Bpe(
            vocabulary,
            ScoredMerges.Of(vocabulary, scores),
            unknown < 0 ? null : vocabulary.Tokens[unknown],
            hasByteFallback: true);
        return tokenizer;
    }

    private static JsonObject Sequence(string name, JsonNode[] steps) =>
        new() { ["type"] = "Sequence", [name] = new JsonArray(steps) };

    private static JsonObject Replace(string text, string content) => new()
    {
        ["type"] = "Replace",
        ["pattern"] = new JsonObject { ["String"] = text },
        ["content"] = content,
    };

    private static JsonObject Strip() =>
        new() { ["type"] = "Strip", ["content"] = " ", ["start"] = 1, ["stop"] = 0 };
}
