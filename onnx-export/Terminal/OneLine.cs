namespace Stip.Export.Terminal;

/// <summary>Messages as a terminal may print them: they may quote a stranger's file.</summary>
internal static class OneLine
{
    // What turns the direction of the text behind it: a name could read as another one.
    private const string Turns = "\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069";

    /// <summary>The text on one line, without what steers a terminal.</summary>
    public static string Of(string text) => string.Concat(text.ReplaceLineEndings(" ")
        .Select(character => char.IsControl(character) || Turns.Contains(character) ? '?' : character));
}
