using System.Globalization;
using System.Text;

namespace Stip.Client.Tokenization;

/// <summary>The character classes that the reference tokenizers are written in, by code point.</summary>
internal static class CharacterClasses
{
    public static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    public static bool IsNonSpacingMark(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark;

    public static bool IsNumeric(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.DecimalDigitNumber
        or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>
    /// Unicode punctuation, and every ASCII character that is neither letter, digit, space nor control.
    /// </summary>
    public static bool IsPunctuation(Rune rune) => rune.Value switch
    {
        < 0x80 => rune.Value > ' ' && rune.Value < 0x7F && !char.IsAsciiLetterOrDigit((char)rune.Value),
        _ => Rune.IsPunctuation(rune),
    };

    /// <summary>What \w matches: letters, marks, decimal digits, connectors and joiners.</summary>
    public static bool IsWord(Rune rune) => rune.Value is 0x200C or 0x200D || Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.LetterNumber or UnicodeCategory.DecimalDigitNumber => true,
        UnicodeCategory.ConnectorPunctuation => true,
        _ => Rune.IsLetter(rune) || IsMark(rune),
    };

    public static bool IsChinese(Rune rune) => rune.Value is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F)
        or (>= 0x2B820 and <= 0x2CEAF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    public static string Keep(string text, Func<Rune, bool> keeps)
    {
        var kept = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (keeps(rune))
            {
                kept.Append(rune);
            }
        }

        return kept.ToString();
    }
}
