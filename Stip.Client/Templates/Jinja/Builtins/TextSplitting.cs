using System.Buffers;
using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Taking texts apart and putting other parts in.</summary>
internal static class TextSplitting
{
    private static readonly SearchValues<char> LineEnds =
        SearchValues.Create("\n\r\v\f\u001C\u001D\u001E\u0085\u2028\u2029");

    public static object? Split(string text, CallArguments call)
    {
        var most = call.Integer(1, "maxsplit", -1);
        const int limit = RenderBudget.LongestList;
        var parts = call.Get(0, "sep") is null
            ? Words(text, most).Take(limit + 1)
            : text.Split(Separator(text, call), most < 0 ? limit + 1 : (int)Math.Min(most, limit) + 1);
        return call.Budget.Count([.. parts]);
    }

    public static object? SplitFromRight(string text, CallArguments call)
    {
        var most = call.Integer(1, "maxsplit", -1);
        if (most < 0 || call.Get(0, "sep") is null)
        {
            return Split(text, call);
        }

        var separator = Separator(text, call);
        var parts = new List<object?>();
        var end = text.Length;
        while (most-- > 0 && text.AsSpan(0, end).LastIndexOf(separator, StringComparison.Ordinal) is >= 0 and var at)
        {
            parts.Add(text[(at + separator.Length)..end]);
            RenderBudget.RefuseBeyond(parts.Count);
            end = at;
        }

        parts.Add(text[..end]);
        parts.Reverse();
        return call.Budget.Count(parts);
    }

    public static List<object?> Lines(string text, bool keepsEnds)
    {
        var lines = new List<object?>();
        for (var start = 0; start < text.Length;)
        {
            var end = text.AsSpan(start).IndexOfAny(LineEnds);
            var stop = end < 0 ? text.Length : start + end;
            var next = end < 0 ? stop : text.AsSpan(stop).StartsWith("\r\n") ? stop + 2 : stop + 1;
            lines.Add(text[start..(keepsEnds ? next : stop)]);
            RenderBudget.RefuseBeyond(lines.Count);
            start = next;
        }

        return lines;
    }

    public static object? Partition(string text, CallArguments call, bool fromRight)
    {
        var separator = Separator(text, call);
        var at = fromRight ? text.LastIndexOf(separator, StringComparison.Ordinal)
            : text.IndexOf(separator, StringComparison.Ordinal);
        object?[] whole = fromRight ? [string.Empty, string.Empty, text] : [text, string.Empty, string.Empty];
        return at < 0 ? whole : new object?[] { text[..at], separator, text[(at + separator.Length)..] };
    }

    public static string Replace(string text, string old, string replacement, long most, RenderBudget budget)
    {
        budget.Search(text, old);
        var replaced = new BoundedText();
        var start = 0;
        if (old.Length == 0)
        {
            Insert(text, replacement, most, replaced);
            return budget.Count(replaced.ToString());
        }

        while (most-- != 0 && text.IndexOf(old, start, StringComparison.Ordinal) is >= 0 and var at)
        {
            replaced.Append(text[start..at]).Append(replacement);
            start = at + old.Length;
        }

        return budget.Count(replaced.Append(text[start..]).ToString());
    }

    // Nothing stands before every character and behind the last.
    private static void Insert(string text, string inserted, long most, BoundedText into)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            into.Append(most != 0 ? inserted : string.Empty).Append(rune.ToString());
            most -= most > 0 ? 1 : 0;
        }

        into.Append(most != 0 ? inserted : string.Empty);
    }

    public static long Count(string text, string part)
    {
        var count = 0L;
        for (var at = 0; part.Length > 0 && (at = text.IndexOf(part, at, StringComparison.Ordinal)) >= 0;)
        {
            (count, at) = (count + 1, at + part.Length);
        }

        return part.Length == 0 ? CodePoints.Length(text) + 1 : count;
    }

    public static long WordCount(string text)
    {
        var count = 0L;
        for (var at = NextWord(text, 0); at < text.Length; count++)
        {
            while (at < text.Length && !PythonSpaces.IsSpace(text[at]))
            {
                at++;
            }

            at = NextWord(text, at);
        }

        return count;
    }

    private static string Separator(string text, CallArguments call) => call.Text(0, "sep") is { Length: > 0 } separator
        ? Searched(text, separator, call.Budget)
        : throw new ChatTemplateException("the separator is empty");

    private static string Searched(string text, string separator, RenderBudget budget)
    {
        budget.Search(text, separator);
        return separator;
    }

    private static IEnumerable<string> Words(string text, long most)
    {
        for (var at = NextWord(text, 0); at < text.Length;)
        {
            var end = at;
            while (end < text.Length && !PythonSpaces.IsSpace(text[end]))
            {
                end++;
            }

            if (most-- == 0)
            {
                yield return PythonSpaces.Strip(text[at..], left: false, right: true);
                yield break;
            }

            yield return text[at..end];
            at = NextWord(text, end);
        }
    }

    private static int NextWord(string text, int at)
    {
        while (at < text.Length && PythonSpaces.IsSpace(text[at]))
        {
            at++;
        }

        return at;
    }
}
