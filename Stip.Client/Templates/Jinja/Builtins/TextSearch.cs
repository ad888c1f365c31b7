using Stip.Client.Templates.Jinja.Values;

namespace Stip.Client.Templates.Jinja.Builtins;

/// <summary>Looking for a text in another one, or between two places of it, which are counted by code point.</summary>
internal static class TextSearch
{
    /// <summary>What its methods take.</summary>
    public static string[] Takes { get; } = ["sub", "start", "end"];

    public static long Find(string text, CallArguments call, bool fromRight)
    {
        var sub = call.Text(0, "sub");
        call.Budget.Search(text, sub);
        if (Part(text, call) is not { } part)
        {
            return -1;
        }

        var at = fromRight ? LastIndex(part.Text, sub) : part.Text.IndexOf(sub, StringComparison.Ordinal);
        return at < 0 ? -1 : part.Start + CodePoints.Length(part.Text[..at]);
    }

    public static long Index(string text, CallArguments call, bool fromRight) =>
        Find(text, call, fromRight) is >= 0 and var place
            ? place
            : throw new ChatTemplateException("the text that index looks for is not there");

    public static long Count(string text, CallArguments call)
    {
        var sub = call.Text(0, "sub");
        call.Budget.Search(text, sub);
        return Part(text, call) is { } part ? TextSplitting.Count(part.Text, sub) : 0;
    }

    /// <summary>True where a text begins or ends with one of those that are given.</summary>
    public static bool Affixes(string text, CallArguments call, string name, Func<string, string, bool> has)
    {
        string[] affixes = call.Required(0, name) is object?[] all ? [.. all.OfType<string>()] : [call.Text(0, name)];
        return Part(text, call) is { } part && Array.Exists(affixes, affix => Has(part.Text, affix));

        bool Has(string whole, string affix)
        {
            call.Budget.Read(affix);
            return has(whole, affix);
        }
    }

    // Null where the part begins behind the end of the text, or behind its own: nothing is found there, not even
    // nothing.
    private static (string Text, long Start)? Part(string text, CallArguments call)
    {
        if (!call.Has(1, "start") && !call.Has(2, "end"))
        {
            return (text, 0);
        }

        var length = CodePoints.Length(text);
        var (start, stop) = call.Window(1, length);
        return start > length || start > stop
            ? null
            : (text[CodePoints.Offset(text, start)..CodePoints.Offset(text, stop)], start);
    }

    // .NET finds nothing before the last character, Python behind it.
    private static int LastIndex(string text, string sub) =>
        sub.Length == 0 ? text.Length : text.LastIndexOf(sub, StringComparison.Ordinal);
}
