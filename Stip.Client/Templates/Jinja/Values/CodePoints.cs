using System.Text;

namespace Stip.Client.Templates.Jinja.Values;

/// <summary>Texts as Python has them: counted, cut and compared by code point.</summary>
internal static class CodePoints
{
    public static int Length(string text) => HasSurrogates(text) ? text.EnumerateRunes().Count() : text.Length;

    public static List<object?> Characters(string text)
    {
        RenderBudget.RefuseBeyond(text.Length > RenderBudget.LongestList ? Length(text) : 0);
        return [.. text.EnumerateRunes().Select(rune => (object?)rune.ToString())];
    }

    /// <summary>Where the character at a place begins; the end of the text for the place behind the last.</summary>
    public static int Offset(string text, long place)
    {
        if (!HasSurrogates(text))
        {
            return (int)place;
        }

        var offset = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (place-- == 0)
            {
                break;
            }

            offset += rune.Utf16SequenceLength;
        }

        return offset;
    }

    /// <summary>The characters at these places, in this order.</summary>
    public static string Take(string text, IEnumerable<int> places)
    {
        var taken = new StringBuilder();
        if (!HasSurrogates(text))
        {
            foreach (var place in places)
            {
                taken.Append(text[place]);
            }

            return taken.ToString();
        }

        var runes = text.EnumerateRunes().ToArray();
        foreach (var place in places)
        {
            taken.Append(runes[place]);
        }

        return taken.ToString();
    }

    public static int Compare(string left, string right)
    {
        if (!HasSurrogates(left) && !HasSurrogates(right))
        {
            return string.CompareOrdinal(left, right);
        }

        foreach (var (first, second) in left.EnumerateRunes().Zip(right.EnumerateRunes()))
        {
            if (first != second)
            {
                return first.CompareTo(second);
            }
        }

        return left.Length.CompareTo(right.Length);
    }

    private static bool HasSurrogates(string text) => text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF');
}
