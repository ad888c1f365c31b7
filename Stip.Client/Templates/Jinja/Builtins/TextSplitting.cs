using System.Buffers;
using System.Text;
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
        var parts = call.Get(0, "sep") is null
            ? Words(text, most)
            : text.Split(Separator(call), most < 0 ? int.MaxValue : (int)Math.Min(most, int.MaxValue - 1) + 1);
        return call.Budget.Count([.. parts]);
    }

    public static object? SplitFromRight(string text, CallArguments call)
    {
        var most = call.Integer(1, "maxsplit", -1);
        if (most < 0 || call.Get(0, "sep") is null)
        {
            return Split(text, call);
        }

        var separator = Separator(call);
        var parts = new List<object?>();
        while (most-- > 0 && text.LastIndexOf(separator, StringComparison.Ordinal) is >= 0 and var at)
        {
            parts.Add(text[(at + separator.Length)..]);
            text = text[..at];
        }

        parts.Add(text);
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
            start = next;
        }

        return lines;
    }

    public static object? Partition(string text, string separator, bool fromRight)
    {
        var at = separator.Length == 0 ? throw new ChatTemplateException("the separator is empty")
            : fromRight ? text.LastIndexOf(separator, StringComparison.Ordinal)
            : text.IndexOf(separator, StringComparison.Ordinal);
        object?[] whole = fromRight ? [string.Empty, string.Empty, text] : [text, string.Empty, string.Empty];
        return at < 0 ? whole : new object?[] { text[..at], separator, text[(at + separator.Length)..] };
    }

    public static string Replace(string text, string old, string replacement, long most, RenderBudget budget)
    {
        var replaced = new StringBuilder();
        var start = 0;
        while (most-- != 0 && old.Length > 0 && text.IndexOf(old, start, StringComparison.Ordinal) is >= 0 and var at)
        {
            replaced.Append(text, start, at - start).Append(replacement);
            start = at + old.Length;
            if (replaced.Length > RenderBudget.LongestText)
            {
                break;
            }
        }

        return budget.Count(replaced.Append(text, start, text.Length - start).ToString());
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

    private static string Separator(CallArguments call) => call.Text(0, "sep") is { Length: > 0 } separator
        ? separator
        : throw new ChatTemplateException("the separator of split is empty");

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
