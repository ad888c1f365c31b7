using System.Text;
using System.Text.Json;
using Stip.Client.Tokenization.Patterns;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization.Normalization;

/// <summary>Builds the chain that the field 'normalizer' describes.</summary>
internal static class NormalizerReader
{
    public static Normalizer? Read(JsonElement? normalizer) => normalizer is { } element ? Build(element) : null;

    private static Normalizer Build(JsonElement element) => element.Text("type") switch
    {
        "Sequence" => new Chain([.. element.Items("normalizers").Select(Build)]),
        "NFC" => new Rewrite(text => UnicodeForms.Normalize(text, NormalizationForm.FormC)),
        "NFD" => new Rewrite(text => UnicodeForms.Normalize(text, NormalizationForm.FormD)),
        "NFKC" => new Rewrite(text => UnicodeForms.Normalize(text, NormalizationForm.FormKC)),
        "NFKD" => new Rewrite(text => UnicodeForms.Normalize(text, NormalizationForm.FormKD)),
        "Lowercase" => new Rewrite(TextCases.Lower),
        "StripAccents" => new Rewrite(text => CharacterClasses.Keep(text, rune => !CharacterClasses.IsMark(rune))),
        "Strip" => Strip(element.Flag("strip_left", true), element.Flag("strip_right", true)),
        "Prepend" => Prepend(element.Text("prepend")),
        "Replace" => Replace(TextPattern.Read(element.Required("pattern")), element.Text("content")),
        "ByteLevel" => new Rewrite(text => ByteAlphabet.Encode(text)),
        "BertNormalizer" => BertNormalizer.Read(element),
        "Precompiled" => PrecompiledNormalizer.Read(element),
        var other => throw new InvalidDataException(
            $"the normalizer '{other}' is not supported; supported are Sequence, NFC, NFD, NFKC, NFKD, Lowercase, "
            + "StripAccents, Strip, Prepend, Replace, ByteLevel, BertNormalizer and Precompiled"),
    };

    private static Rewrite Prepend(string prefix) => new(text => text.Length == 0 ? text : prefix + text);

    private static Rewrite Replace(TextPattern pattern, string content) => new(text => pattern.Replace(text, content));

    private static Rewrite Strip(bool left, bool right) => new(text => (left, right) switch
    {
        (true, true) => text.Trim(),
        (true, false) => text.TrimStart(),
        (false, true) => text.TrimEnd(),
        _ => text,
    });

    private sealed class Rewrite(Func<string, string> rewrite) : Normalizer
    {
        public override string Apply(string text) => rewrite(text);
    }

    private sealed class Chain(Normalizer[] steps) : Normalizer
    {
        public override string Apply(string text) => steps.Aggregate(text, (current, step) => step.Apply(current));
    }
}
