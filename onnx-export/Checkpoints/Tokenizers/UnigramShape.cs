using System.Globalization;
using System.Text.Json.Nodes;

namespace Stip.Export.Checkpoints.Tokenizers;

/// <summary>What a class makes of the pieces of a unigram model.</summary>
/// <param name="Before">Tokens that stand before the pieces.</param>
/// <param name="Skipped">Pieces that those take the place of.</param>
/// <param name="After">Tokens that stand after them, where they are no pieces.</param>
/// <param name="First">Begins every text; null for none.</param>
/// <param name="Last">Ends every text.</param>
/// <param name="Unknown">Stands for what no piece covers.</param>
internal sealed record UnigramShape(
    IReadOnlyList<string> Before,
    int Skipped,
    IReadOnlyList<string> After,
    string? First,
    string? Last,
    string Unknown)
{
    private const int T5Sentinels = 100;

    /// <summary>The token of masked words, null for none.</summary>
    public string? Mask { get; init; }

    /// <summary>What text goes through before the model's own rewriting.</summary>
    public IReadOnlyList<JsonNode> Normalizers { get; init; } = [];

    /// <param name="settings">The files around the model.</param>
    /// <returns>Null for a class that is not known.</returns>
    public static UnigramShape? Of(TokenizerSettings settings) => Class(settings) switch
    {
        "T5" => new([], 0, [.. Sentinels()], null, "</s>", "<unk>"),
        "XLMRoberta" => new(["<s>", "<pad>", "</s>", "<unk>"], 3, ["<mask>"], "<s>", "</s>", "<unk>")
        {
            Mask = "<mask>",
        },
        "Camembert" => new(
            ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"], 1, ["<mask>"], "<s>", "</s>", "<unk>")
        {
            Mask = "<mask>",
        },
        "Albert" => new([], 0, ["[MASK]"], "[CLS]", "[SEP]", "<unk>")
        {
            Mask = "[MASK]",
            Normalizers = [.. AlbertSteps(settings)],
        },
        "DebertaV2" => new([], 0, ["[MASK]"], "[CLS]", "[SEP]", "[UNK]")
        {
            Normalizers = settings.Flag("do_lower_case") == true ? [Step("Lowercase")] : [],
        },
        "Llama" or "Gemma" => new(
            [], 0, [], settings.Flag("add_bos_token") ?? true ? settings.Token("bos_token") ?? "<s>" : null,
            settings.Flag("add_eos_token") ?? false ? settings.Token("eos_token") ?? "</s>" : null, "<unk>"),
        _ => null,
    };

    // The tokens that T5 fills gaps with, the last first.
    private static IEnumerable<string> Sentinels() => Enumerable.Range(0, T5Sentinels)
        .Select(place => string.Create(CultureInfo.InvariantCulture, $"<extra_id_{T5Sentinels - 1 - place}>"));

    private static string? Class(TokenizerSettings settings) => settings.Class ?? settings.ModelType switch
    {
        "t5" or "mt5" or "umt5" => "T5",
        "xlm-roberta" or "xlm-roberta-xl" => "XLMRoberta",
        "camembert" => "Camembert",
        "albert" => "Albert",
        "deberta-v2" => "DebertaV2",
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
}
