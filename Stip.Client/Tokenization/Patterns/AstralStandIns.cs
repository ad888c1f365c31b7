using System.Globalization;
using System.Text;

namespace Stip.Client.Tokenization.Patterns;

/// <summary>
/// .NET matches UTF-16 units, the reference code points: to .NET the two halves of a letter beyond U+FFFF are
/// surrogates and no letter. So each such character is matched as one character of its category, and the positions are
/// mapped back.
/// </summary>
internal readonly struct AstralStandIns
{
    private static readonly Dictionary<UnicodeCategory, char> OfCategory = new()
    {
        [UnicodeCategory.UppercaseLetter] = '\uA640',
        [UnicodeCategory.LowercaseLetter] = '\uA641',
        [UnicodeCategory.ModifierLetter] = '\uA717',
        [UnicodeCategory.OtherLetter] = '\uA500',
        [UnicodeCategory.NonSpacingMark] = '\uA6F0',
        [UnicodeCategory.SpacingCombiningMark] = '\uA823',
        [UnicodeCategory.DecimalDigitNumber] = '\uA620',
        [UnicodeCategory.LetterNumber] = '\uA6E6',
        [UnicodeCategory.OtherNumber] = '\uA830',
        [UnicodeCategory.DashPunctuation] = '\u2E17',
        [UnicodeCategory.OtherPunctuation] = '\uA673',
        [UnicodeCategory.MathSymbol] = '\u29D0',
        [UnicodeCategory.CurrencySymbol] = '\uA838',
        [UnicodeCategory.ModifierSymbol] = '\uA700',
        [UnicodeCategory.OtherSymbol] = '\uA828',
        [UnicodeCategory.Format] = '\uFFF9',
        [UnicodeCategory.PrivateUse] = '\uE000',
        [UnicodeCategory.OtherNotAssigned] = '\uFDD0',
    };

    // Keeps its script, for patterns that name it, and is outside the ranges that patterns give ([一-龥], U+3400 to
    // U+9FFF): those mean no character beyond U+FFFF.
    private const char ChineseStandIn = '\uFAD9';
    private readonly int[]? _originals;

    private AstralStandIns(string text, int[]? originals) => (Text, _originals) = (text, originals);

    public string Text { get; }

    public static AstralStandIns Create(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return new AstralStandIns(text, null);
        }

        var stand = new StringBuilder(text.Length);
        var originals = new List<int>(text.Length + 1);
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            originals.Add(at);
            stand.Append(rune.IsBmp ? (char)rune.Value : StandIn(rune));
            at += rune.Utf16SequenceLength;
        }

        originals.Add(at);
        return new AstralStandIns(stand.ToString(), [.. originals]);
    }

    /// <summary>What a range of characters beyond U+FFFF is in a class; null where it is left out.</summary>
    /// <param name="first">The range's first character.</param>
    public static char? OfRange(Rune first) => CharacterClasses.IsChinese(first) ? ChineseStandIn : null;

    public int Original(int position) => _originals is null ? position : _originals[position];

    private static char StandIn(Rune rune) => CharacterClasses.IsChinese(rune)
        ? ChineseStandIn
        : OfCategory.GetValueOrDefault(Rune.GetUnicodeCategory(rune), OfCategory[UnicodeCategory.OtherNotAssigned]);
}
