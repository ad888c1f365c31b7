using System.Globalization;
using System.Text;

namespace Stip.Client.Templates.Jinja.Syntax;

/// <summary>
/// The escapes of a text literal, as Python reads them; one that means nothing stays as it is written.
/// </summary>
internal static class TextEscapes
{
    public static string Resolve(string inside)
    {
        if (!inside.Contains('\\'))
        {
            return inside;
        }

        var text = new StringBuilder(inside.Length);
        for (var at = 0; at < inside.Length; at++)
        {
            if (inside[at] != '\\' || at + 1 == inside.Length)
            {
                text.Append(inside[at]);
                continue;
            }

            at++;
            at += Append(text, inside, at);
        }

        return text.ToString();
    }

    /// <summary>
    /// Appends the escape whose letter stands at a place; gives how many characters it took beyond that one.
    /// </summary>
    private static int Append(StringBuilder text, string inside, int at)
    {
        var letter = inside[at];
        var digits = letter switch { 'x' => 2, 'u' => 4, 'U' => 8, _ => 0 };
        if (digits > 0)
        {
            var hex = inside.AsSpan(at + 1, Math.Min(digits, inside.Length - at - 1));
            var isHex = int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code);
            if (!isHex || hex.Length < digits)
            {
                throw new ChatTemplateException($"the escape \\{letter} of a text needs {digits} hexadecimal digits");
            }

            text.Append(Rune.IsValid(code) ? new Rune(code).ToString() : ((char)code).ToString());
            return digits;
        }

        if (letter is >= '0' and <= '7')
        {
            return AppendOctal(text, inside, at);
        }

        _ = letter switch
        {
            'n' => text.Append('\n'),
            't' => text.Append('\t'),
            'r' => text.Append('\r'),
            'b' => text.Append('\b'),
            'f' => text.Append('\f'),
            'v' => text.Append('\v'),
            'a' => text.Append('\a'),
            '\n' => text,
            '\\' or '\'' or '"' => text.Append(letter),
            _ => text.Append('\\').Append(letter),
        };
        return 0;
    }

    private static int AppendOctal(StringBuilder text, string inside, int at)
    {
        var (code, length) = (0, 0);
        while (length < 3 && at + length < inside.Length && inside[at + length] is >= '0' and <= '7')
        {
            code = (code * 8) + inside[at + length++] - '0';
        }

        text.Append((char)code);
        return length - 1;
    }
}
