using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>SentencePiece Unigram (<c>tokenizer.ggml.model</c> is <c>t5</c>): tokens with their scores, and its table
/// of replacements where the file has one.</summary>
internal static class UnigramTokenizer
{
    public static JsonObject Describe(GgufMetadata metadata, GgufVocabulary vocabulary)
    {
        var scores = metadata.Numbers("tokenizer.ggml.scores");
        if (scores?.Count != vocabulary.Tokens.Count)
        {
            throw metadata.Refused($"tokenizer.ggml.scores has {scores?.Count ?? 0} entries for "
                + $"{vocabulary.Tokens.Count} tokens");
        }

        if (!scores.All(double.IsFinite))
        {
            throw metadata.Refused("tokenizer.ggml.scores holds a number that is not finite");
        }

        var unknown = vocabulary.Id(metadata, "unknown_token_id")
            ?? vocabulary.Types.ToList().IndexOf(GgufTokenType.Unknown);
        if (unknown < 0)
        {
            throw metadata.Refused("there is neither a tokenizer.ggml.unknown_token_id nor a token of its type");
        }

        var tokenizer = TokenizerJson.Frame(
            metadata, vocabulary, addsBosByDefault: false, addsEosByDefault: true, PairJoint.End);
        var spaces = new JsonObject
        {
            ["type"] = "Metaspace",
            ["replacement"] = "\u2581",
            ["prepend_scheme"] = metadata.Flag("tokenizer.ggml.add_space_prefix") ?? true ? "always" : "never",
            ["split"] = true,
        };
        tokenizer["normalizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["normalizers"] = new JsonArray([.. Normalizers(metadata)]),
        };
        tokenizer["pre_tokenizer"] = spaces;
        tokenizer["decoder"] = spaces.DeepClone();
        tokenizer["model"] = new JsonObject
        {
            ["type"] = "Unigram",
            ["unk_id"] = unknown,
            ["vocab"] = new JsonArray([.. vocabulary.Tokens.Zip(scores, (token, score) =>
                (JsonNode)new JsonArray(token, score))]),
            ["byte_fallback"] = vocabulary.Types.Contains(GgufTokenType.Byte),
        };
        return tokenizer;
    }

    /// <summary>The step that rewrites characters by a SentencePiece model's table.</summary>
    public static JsonObject Precompiled(byte[] table) => new()
    {
        ["type"] = "Precompiled",
        ["precompiled_charsmap"] = Convert.ToBase64String(table),
    };

    private static IEnumerable<JsonNode> Normalizers(GgufMetadata metadata)
    {
        if (metadata.Integers("tokenizer.ggml.precompiled_charsmap") is { Count: > 0 } table)
        {
            yield return Precompiled([.. table.Select(value => (byte)value)]);
        }

        if (metadata.Flag("tokenizer.ggml.remove_extra_whitespaces") ?? false)
        {
            // Spaces and no others; at the end also what stands for them, from where a run of both begins: tried from
            // every place of it, a long one takes the square of its length.
            yield return Replaced(@"\A +", "");
            yield return Replaced("(?<![ \u2581])[ \u2581]+\\z", "");
            yield return Replaced(" {2,}", " ");
        }
    }

    private static JsonObject Replaced(string pattern, string content) => new()
    {
        ["type"] = "Replace",
        ["pattern"] = new JsonObject { ["Regex"] = pattern },
        ["content"] = content,
    };
}
