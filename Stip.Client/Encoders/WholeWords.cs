using System.Globalization;

namespace Stip.Client.Encoders;

/// <summary>Widens a part of a text to whole words, since tokens may be pieces of them.</summary>
internal static class WholeWords
{
    public static (int Start, int End) Around(string text, int start, int end)
    {
        while (start > 0 && IsInside(text, start))
        {
            start--;
        }

        while (end < text.Length && IsInside(text, end))
        {
            end++;
        }

        return (start, end);
    }

    // Between two letters or digits of a script that writes words apart.
    private static bool IsInside(string text, int at) => IsOfWord(text[at - 1]) && IsOfWord(text[at]);

    private static bool IsOfWord(char character) => char.GetUnicodeCategory(character) switch
    {
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
            or UnicodeCategory.ModifierLetter or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
            or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
            or UnicodeCategory.OtherNumber => true,
        // Other letters have no case: Arabic, Hebrew and Indic scripts write words apart, the East does not.
        UnicodeCategory.OtherLetter => character < '\u0E00' || character is >= '\u1200' and < '\u1780',
        _ => false,
    };
}
