using System.Text;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Upper, lower and title case.</summary>
internal static class TextCase
{
    // The one letter whose upper case is two letters and that is not rare.
    public static string Upper(string text) =>
        text.Replace("ß", "SS", StringComparison.Ordinal).ToUpperInvariant();

    public static string Lower(string text) => text.ToLowerInvariant();

    public static string Capitalize(string text) =>
        text.Length == 0 ? text : Upper(text[..1]) + Lower(text[1..]);

    /// <summary>A letter after no letter in upper case, every other in lower case.</summary>
    public static string Title(string text)
    {
        var title = new StringBuilder(text.Length);
        var inWord = false;
        foreach (var character in text)
        {
            title.Append(inWord ? char.ToLowerInvariant(character) : char.ToUpperInvariant(character));
            inWord = char.IsLetter(character);
        }

        return title.ToString();
    }

    /// <summary>Jinja's own title: words end at white space, hyphens and opening brackets.</summary>
    public static string Words(string text)
    {
        var words = new StringBuilder(text.Length);
        var starts = true;
        foreach (var character in text)
        {
            words.Append(starts ? char.ToUpperInvariant(character) : char.ToLowerInvariant(character));
            starts = char.IsWhiteSpace(character) || character is '-' or '(' or '{' or '[' or '<';
        }

        return words.ToString();
    }
}
