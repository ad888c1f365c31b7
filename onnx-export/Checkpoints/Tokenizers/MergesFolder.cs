using System.Text;
using System.Text.Json.Nodes;
using Stip.Export.Checkpoints.Gguf.Tokenizer;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>Byte-level BPE by <c>vocab.json</c> and <c>merges.txt</c>.</summary>
internal static class MergesFolder
{
    private const string VocabularyFile = "vocab.json";
    private const string MergesFile = "merges.txt";
    private const string EndOfText = "<|endoftext|>";

    // By class: how text is cut, and whether it is framed as by an encoder.
    private static readonly Dictionary<string, (string Cut, bool IsFramed)> Classes = new(StringComparer.Ordinal)
    {
        ["GPT2"] = ("gpt-2", false),
        ["CodeGen"] = ("gpt-2", false),
        ["Whisper"] = ("gpt-2", false),
        ["Qwen2"] = ("qwen2", false),
        ["Roberta"] = ("gpt-2", true),
        ["Bart"] = ("gpt-2", true),
        ["Longformer"] = ("gpt-2", true),
        ["LED"] = ("gpt-2", true),
        ["Deberta"] = ("gpt-2", true),
    };

    private static readonly Dictionary<string, string> ByModel = new(StringComparer.Ordinal)
    {
        ["gpt2"] = "GPT2",
        ["gpt_neo"] = "GPT2",
        ["gptj"] = "GPT2",
        ["opt"] = "GPT2",
        ["codegen"] = "CodeGen",
        ["phi"] = "CodeGen",
        ["qwen2"] = "Qwen2",
        ["qwen2_moe"] = "Qwen2",
        ["qwen3"] = "Qwen2",
        ["qwen3_moe"] = "Qwen2",
        ["roberta"] = "Roberta",
        ["bart"] = "Bart",
        ["longformer"] = "Longformer",
        ["led"] = "LED",
    };

    public static JsonObject? Describe(ISmallFiles files, TokenizerSettings settings)
    {
        var name = settings.Class ?? ByModel.GetValueOrDefault(settings.ModelType ?? "");
        if (name is null || !Classes.TryGetValue(name, out var kind)
            || files.Find(VocabularyFile) is not { } ids || files.Find(MergesFile) is not { } merges)
        {
            return null;
        }

        var tokens = TokenList.ReadVocabulary(VocabularyFile, ids);
        foreach (var (text, id) in settings.Added)
        {
            tokens.Put(id, text, settings.AddedType(text));
        }

        return Describe(tokens, settings, kind, merges, isBert: name == "Deberta");
    }

    private static JsonObject Describe(
        TokenList tokens,
        TokenizerSettings settings,
        (string Cut, bool IsFramed) kind,
        byte[] merges,
        bool isBert)
    {
        var frame = isBert ? (First: "[CLS]", Last: "[SEP]") : (First: "<s>", Last: "</s>");
        var first = settings.Token(kind.IsFramed ? "cls_token" : "bos_token")
            ?? (kind.IsFramed ? frame.First : EndOfText);
        var last = settings.Token(kind.IsFramed ? "sep_token" : "eos_token")
            ?? (kind.IsFramed ? frame.Last : EndOfText);
        var mask = settings.Token("mask_token") ?? (kind.IsFramed ? "<mask>" : null);
        foreach (var text in new[]
        {
            first, last, mask, settings.Token("unk_token"), settings.Token("pad_token"), settings.Token("bos_token"),
            settings.Token("eos_token"),
        })
        {
            tokens.MakeSpecial(text);
        }

        tokens.Frame(
            kind.IsFramed || settings.Flag("add_bos_token") == true ? first : null,
            kind.IsFramed || settings.Flag("add_eos_token") == true ? last : null);
        tokens.Say("pre", kind.Cut);
        tokens.Say("merges", Lines(merges));
        var (metadata, vocabulary) = tokens.Describe();
        var tokenizer = ByteLevelTokenizer.Describe(metadata, vocabulary);
        if (kind.IsFramed)
        {
            tokenizer["post_processor"] = TextFrame.Describe(
                tokens, [first], [last], isBert ? [last] : [last, last], isBert ? 1 : 0);
        }

        if (kind.Cut == "gpt-2" && settings.Flag("add_prefix_space") == true)
        {
            tokenizer["pre_tokenizer"]!["add_prefix_space"] = true;
        }

        MaskToken.TakeSpaceBefore(tokenizer, mask);
        return tokenizer;
    }

    // A line with a space parts two tokens; the first may name the version.
    private static string[] Lines(byte[] merges) => [.. Encoding.UTF8.GetString(merges).Split('\n')
        .Select(line => line.TrimEnd('\r'))
        .Where((line, number) => line.Length > 0
            && !(number == 0 && line.StartsWith("#version", StringComparison.Ordinal)))];
}
