using System.Text;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints.Gguf.Tokenizer;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>WordPiece by <c>vocab.txt</c>: a token a line, its id the number of the line.</summary>
internal static class VocabularyFolder
{
    private const string VocabularyFile = "vocab.txt";
    private const string GoesOn = "##";

    private static readonly string[] Classes =
    [
        "Bert", "DistilBert", "Electra", "MobileBert", "ConvBert", "MPNet", "LayoutLM", "LayoutLMv2", "SqueezeBert",
        "Splinter", "Funnel", "Lxmert", "Retribert", "DPRQuestionEncoder", "DPRContextEncoder", "DPRReader",
    ];

    private static readonly (string Name, string Standard)[] Special =
    [
        ("unk_token", "[UNK]"), ("sep_token", "[SEP]"), ("pad_token", "[PAD]"), ("cls_token", "[CLS]"),
        ("mask_token", "[MASK]"),
    ];

    public static JsonObject? Describe(ISmallFiles files, TokenizerSettings settings)
    {
        if (files.Find(VocabularyFile) is not { } bytes)
        {
            return null;
        }

        string[] lines = [.. Encoding.UTF8.GetString(bytes).TrimStart('\uFEFF').TrimEnd('\r', '\n').Split('\n')
            .Select(line => line.TrimEnd('\r'))];
        if (settings.Class is { } name ? !Classes.Contains(name) : !Array.Exists(lines, IsContinued))
        {
            return null;
        }

        var special = Special.ToDictionary(entry => entry.Name, entry => settings.Token(entry.Name) ?? entry.Standard);
        var tokens = new TokenList(VocabularyFile);
        foreach (var line in lines)
        {
            var type = special.ContainsValue(line) ? GgufTokenType.Control
                : settings.Added.ContainsKey(line) ? settings.AddedType(line)
                : GgufTokenType.Normal;
            tokens.Add(
                type != GgufTokenType.Normal ? line
                : IsContinued(line) ? line[GoesOn.Length..]
                : $"{WordPieceTokenizer.Begins}{line}",
                type);
        }

        foreach (var (text, id) in settings.Added.Where(entry => tokens.IdOf(entry.Key) is null))
        {
            tokens.Put(id, text, settings.AddedType(text));
        }

        tokens.Frame(special["cls_token"], special["sep_token"]);
        tokens.Say("unknown_token_id", (long?)tokens.IdOf(special["unk_token"]));
        var (metadata, vocabulary) = tokens.Describe();
        var tokenizer = WordPieceTokenizer.Describe(metadata, vocabulary);
        var (first, last, isMpnet) = (special["cls_token"], special["sep_token"], settings.Class == "MPNet");
        tokenizer["post_processor"] = TextFrame.Describe(
            tokens, [first], [last], isMpnet ? [last, last] : [last], isMpnet ? 0 : 1);
        var normalizer = tokenizer["normalizer"]!;
        Set(normalizer, "lowercase", settings.Flag("do_lower_case"));
        Set(normalizer, "strip_accents", settings.Flag("strip_accents"));
        Set(normalizer, "handle_chinese_chars", settings.Flag("tokenize_chinese_chars"));
        return tokenizer;
    }

    private static bool IsContinued(string line) =>
        line.Length > GoesOn.Length && line.StartsWith(GoesOn, StringComparison.Ordinal);

    private static void Set(JsonNode node, string name, bool? value)
    {
        if (value is { } flag)
        {
            node[name] = flag;
        }
    }
}
