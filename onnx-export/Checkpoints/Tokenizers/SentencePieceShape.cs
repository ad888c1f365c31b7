using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Stip.Onnx;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>What a class makes of the pieces of a model without bytes.</summary>
/// <param name="Before">Tokens that stand before the pieces.</param>
/// <param name="Skipped">Pieces that those take the place of.</param>
/// <param name="After">Tokens that stand after them, where they are no pieces.</param>
/// <param name="Begin">Begin every text.</param>
/// <param name="End">End every text.</param>
/// <param name="Unknown">Stands for what no piece covers.</param>
internal sealed partial record SentencePieceShape(
    IReadOnlyList<string> Before,
    int Skipped,
    IReadOnlyList<string> After,
    IReadOnlyList<string> Begin,
    IReadOnlyList<string> End,
    string Unknown)
{
    private const int T5Sentinels = 100;
    private const int MostSentinels = 10_000;
    private const int PegasusOffset = 103;

    // The order of fairseq, which has padding before the pieces and the model's first three elsewhere.
    private static readonly string[] Fairseq = ["<s>", "<pad>", "</s>", "<unk>"];

    /// <summary>The token of masked words, null for none.</summary>
    public string? Mask { get; init; }

    /// <summary>Stand between the two texts of a pair.</summary>
    public IReadOnlyList<string> Between { get; init; } = [];

    /// <summary>Segment of the second text of a pair.</summary>
    public int SecondType { get; init; }

    /// <summary>What text goes through before the model's own rewriting.</summary>
    public IReadOnlyList<JsonNode> Normalizers { get; init; } = [];

    /// <summary>True where published models of the class join pairs too.</summary>
    public bool TakesBytePairs { get; init; }

    /// <param name="settings">The files around the model.</param>
    /// <returns>Null for a class that is not known.</returns>
    /// <exception cref="RefusedException">A class that is known says what is not.</exception>
    public static SentencePieceShape? Of(TokenizerSettings settings) => Class(settings) switch
    {
        "T5" => new([], 0, [.. Sentinels(settings)], [], ["</s>"], "<unk>") { Between = ["</s>"] },
        "XLMRoberta" => new(Fairseq, 3, ["<mask>"], ["<s>"], ["</s>"], "<unk>")
        {
            Mask = "<mask>",
            Between = ["</s>", "</s>"],
        },
        "Camembert" => new(
            ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"],
            1,
            ["<mask>"],
            ["<s>"],
            ["</s>"],
            "<unk>")
        {
            Mask = "<mask>",
            Between = ["</s>", "</s>"],
        },
        "Albert" => new([], 0, ["[MASK]"], ["[CLS]"], ["[SEP]"], "<unk>")
        {
            Mask = "[MASK]",
            Between = ["[SEP]"],
            SecondType = 1,
            Normalizers = [.. AlbertSteps(settings)],
        },
        "DebertaV2" => new([], 0, ["[MASK]"], ["[CLS]"], ["[SEP]"], "[UNK]")
        {
            Between = ["[SEP]"],
            SecondType = 1,
            Normalizers = settings.Flag("do_lower_case") == true ? [Step("Lowercase")] : [],
        },
        "Llama" or "Gemma" => new(
            [],
            0,
            [],
            settings.Flag("add_bos_token") ?? true ? [settings.Token("bos_token") ?? "<s>"] : [],
            settings.Flag("add_eos_token") ?? false ? [settings.Token("eos_token") ?? "</s>"] : [],
            "<unk>"),
        "MBart" => Translator(settings, LanguageCodes.Of("MBart"), "en_XX", isLanguageFirst: false),
        "MBart50" => Translator(settings, LanguageCodes.Of("MBart50"), "en_XX", isLanguageFirst: true),
        "Nllb" => Translator(
            settings,
            [.. settings.AdditionalTokens().Where(token => Written().IsMatch(token))],
            "eng_Latn",
            isLanguageFirst: settings.Flag("legacy_behaviour") != true),
        "Pegasus" => Pegasus(settings),
        _ => null,
    };

    // The language of the text is named before it or, by older classes, after its end.
    private static SentencePieceShape Translator(
        TokenizerSettings settings, IReadOnlyList<string> languages, string usual, bool isLanguageFirst)
    {
        var language = settings.Text("src_lang") ?? usual;
        return languages.Contains(language)
            ? new SentencePieceShape(
                Fairseq,
                3,
                [.. languages, "<mask>"],
                isLanguageFirst ? [language] : [],
                isLanguageFirst ? ["</s>"] : ["</s>", language],
                "<unk>")
            {
                Mask = "<mask>",
                TakesBytePairs = true,
            }
            : throw new RefusedException($"tokenizer_config.json: the source language is '{language}', which is none "
                + $"of the {languages.Count} languages that the folder names");
    }

    private static SentencePieceShape Pegasus(TokenizerSettings settings) =>
        settings.Number("offset") is null or PegasusOffset
            ? new SentencePieceShape(
                ["<pad>", "</s>", "<mask_1>", "<mask_2>", .. Numbered("unk", Enumerable.Range(2, PegasusOffset - 2))],
                2,
                [],
                [],
                ["</s>"],
                "<unk>")
            {
                Mask = "<mask_2>",
            }
            : throw new RefusedException(
                $"tokenizer_config.json: offset is {settings.Number("offset")}; it must be {PegasusOffset}");

    // The tokens that T5 fills gaps with, the last first.
    private static IEnumerable<string> Sentinels(TokenizerSettings settings) =>
        (settings.Number("extra_ids") ?? T5Sentinels) is >= 0 and <= MostSentinels and var count
            ? Numbered("extra_id", Enumerable.Range(0, count).Reverse())
            : throw new RefusedException($"tokenizer_config.json: extra_ids is {settings.Number("extra_ids")}; "
                + $"it must be 0..{MostSentinels}");

    private static IEnumerable<string> Numbered(string name, IEnumerable<int> numbers) =>
        numbers.Select(number => string.Create(CultureInfo.InvariantCulture, $"<{name}_{number}>"));

    private static string? Class(TokenizerSettings settings) => settings.Class ?? settings.ModelType switch
    {
        "t5" or "mt5" or "umt5" => "T5",
        "xlm-roberta" or "xlm-roberta-xl" => "XLMRoberta",
        "camembert" => "Camembert",
        "albert" => "Albert",
        "deberta-v2" => "DebertaV2",
        "mbart" => "MBart",
        "pegasus" => "Pegasus",
        _ => null,
    };

    private static IEnumerable<JsonNode> AlbertSteps(TokenizerSettings settings)
    {
        yield return Replaced("``");
        yield return Replaced("''");
        if (settings.Flag("keep_accents") != true)
        {
            yield return Step("NFKD");
            yield return Step("StripAccents");
        }

        if (settings.Flag("do_lower_case") ?? true)
        {
            yield return Step("Lowercase");
        }
    }

    private static JsonObject Step(string type) => new() { ["type"] = type };

    private static JsonObject Replaced(string quotes) => new()
    {
        ["type"] = "Replace",
        ["pattern"] = new JsonObject { ["String"] = quotes },
        ["content"] = "\"",
    };

    // A language with the script that it is written in.
    [GeneratedRegex(@"^[a-z]{3}_[A-Z][a-z]{3}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Written();
}
