using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Stip.Client.Tokenization.Normalization;

/// <summary>BERT's clean-up: controls out, spaces plain, Chinese characters apart, accents off, lower case.</summary>
internal sealed class BertNormalizer : Normalizer
{
    private readonly bool _cleansText;
    private readonly bool _separatesChinese;
    private readonly bool _stripsAccents;
    private readonly bool _lowers;

    private BertNormalizer(bool cleansText, bool separatesChinese, bool stripsAccents, bool lowers) =>
        (_cleansText, _separatesChinese, _stripsAccents, _lowers)
            = (cleansText, separatesChinese, stripsAccents, lowers);

    public static BertNormalizer Read(JsonElement element)
    {
        var lowers = element.Flag("lowercase", true);
        return new BertNormalizer(
            element.Flag("clean_text", true),
            element.Flag("handle_chinese_chars", true),
            element.Flag("strip_accents", lowers),
            lowers);
    }

    public override string Apply(string text)
    {
        text = _cleansText ? Clean(text) : text;
        text = _separatesChinese ? SeparateChinese(text) : text;
        if (_stripsAccents)
        {
            var decomposed = UnicodeForms.Normalize(text, NormalizationForm.FormD);
            text = CharacterClasses.Keep(decomposed, rune => !CharacterClasses.IsNonSpacingMark(rune));
        }

        return _lowers ? TextCases.Lower(text) : text;
    }

    private static string Clean(string text)
    {
        var kept = CharacterClasses.Keep(text, rune => rune.Value is not (0 or 0xFFFD) && !IsControl(rune));
        return string.Create(kept.Length, kept, static (target, source) =>
        {
            for (var i = 0; i < source.Length; i++)
            {
                target[i] = char.IsWhiteSpace(source[i]) ? ' ' : source[i];
            }
        });
    }

    private static bool IsControl(Rune rune) => rune.Value is not ('\t' or '\n' or '\r')
        && Rune.GetUnicodeCategory(rune) is (UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.PrivateUse);

    private static string SeparateChinese(string text)
    {
        var separated = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (CharacterClasses.IsChinese(rune))
            {
                separated.Append(' ').Append(rune).Append(' ');
            }
            else
            {
                separated.Append(rune);
            }
        }

        return separated.ToString();
    }
}
