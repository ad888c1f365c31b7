using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>
/// WordPiece (<c>tokenizer.ggml.model</c> is <c>bert</c>): files mark tokens that begin a word, tokenizer.json those
/// that go on with one.
/// </summary>
internal static class WordPieceTokenizer
{
    /// <summary>Stands before tokens that begin a word.</summary>
    public const string Begins = "\u2581";

    private const string GoesOn = "##";
    private const int LongestWord = 100;

    public static JsonObject Describe(GgufMetadata metadata, GgufVocabulary stored)
    {
        var vocabulary = stored with { Tokens = [.. stored.Tokens.Select((token, id) => Text(stored, id, token))] };
        var tokenizer = TokenizerJson.Frame(
            metadata, vocabulary, addsBosByDefault: true, addsEosByDefault: true, PairJoint.None);
        tokenizer["normalizer"] = new JsonObject
        {
            ["type"] = "BertNormalizer",
            ["clean_text"] = true,
            ["handle_chinese_chars"] = true,
            ["strip_accents"] = metadata.Flag("tokenizer.ggml.normalizer.strip_accents"),
            ["lowercase"] = metadata.Flag("tokenizer.ggml.normalizer.lowercase") ?? !HasCapitals(vocabulary),
        };
        tokenizer["pre_tokenizer"] = new JsonObject { ["type"] = "BertPreTokenizer" };
        tokenizer["decoder"] = new JsonObject { ["type"] = "WordPiece", ["prefix"] = GoesOn, ["cleanup"] = true };
        var unknown = vocabulary.Id(metadata, "unknown_token_id") ?? vocabulary.Tokens.ToList().IndexOf("[UNK]");
        tokenizer["model"] = new JsonObject
        {
            ["type"] = "WordPiece",
            ["unk_token"] = unknown >= 0
                ? vocabulary.Tokens[unknown]
                : throw metadata.Refused("there is no token for unknown words (tokenizer.ggml.unknown_token_id)"),
            ["continuing_subword_prefix"] = GoesOn,
            ["max_input_chars_per_word"] = LongestWord,
            ["vocab"] = TokenizerJson.Vocabulary(vocabulary),
        };
        return tokenizer;
    }

    private static string Text(GgufVocabulary vocabulary, int id, string token) =>
        vocabulary.IsAdded(id) ? token
        : token.StartsWith(Begins, StringComparison.Ordinal) ? token[Begins.Length..]
        : GoesOn + token;

    // Older files do not say whether words are brought to lower case first; no capital in any token says so.
    private static bool HasCapitals(GgufVocabulary vocabulary) => Enumerable.Range(0, vocabulary.Tokens.Count).Any(
        id => !vocabulary.IsAdded(id) && !vocabulary.Tokens[id].StartsWith('[')
            && vocabulary.Tokens[id].Any(char.IsAsciiLetterUpper));
}
