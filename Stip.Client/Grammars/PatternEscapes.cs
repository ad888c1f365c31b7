using System.Globalization;
using System.Text;

namespace Stip.Client.Grammars;

/// <summary>What stands behind a backslash of a pattern.</summary>
internal static class PatternEscapes
{
    /// <param name="pattern">The pattern.</param>
    /// <param name="at">Where the backslash is; moved behind what belongs to it.</param>
    /// <param name="isInClass">Whether it stands between brackets.</param>
    public static (Rune Single, CharacterSet? Several) Read(string pattern, ref int at, bool isInClass)
    {
        var start = at;
        var letter = at + 1 < pattern.Length ? pattern[at + 1] : throw Wrong(start);
        at += 2;
        return letter switch
        {
            'd' => (default, CharacterSet.Digits),
            'D' => (default, CharacterSet.Digits.Others()),
            'w' => (default, CharacterSet.Words),
            'W' => (default, CharacterSet.Words.Others()),
            's' => (default, CharacterSet.Spaces),
            'S' => (default, CharacterSet.Spaces.Others()),
            'n' => (new Rune('\n'), null),
            'r' => (new Rune('\r'), null),
            't' => (new Rune('\t'), null),
            'f' => (new Rune('\f'), null),
            'b' when isInClass => (new Rune('\b'), null),
            'x' => (Code(pattern, ref at, 2, start), null),
            'u' => (Code(pattern, ref at, 4, start), null),
            _ when letter < 128 && !char.IsAsciiLetterOrDigit(letter) => (new Rune(letter), null),
            _ => throw Wrong(start),
        };
    }

    private static Rune Code(string pattern, ref int at, int digits, int start)
    {
        if (at + digits > pattern.Length
            || !int.TryParse(
                pattern.AsSpan(at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code)
            || !Rune.TryCreate(code, out var rune))
        {
            throw Wrong(start);
        }

        at += digits;
        return rune;
    }

    private static NotSupportedException Wrong(int at) =>
        new($"the schema's 'pattern' is not supported from character {at + 1} on");
}
