namespace Stip.Export.Terminal;

/// <summary>Messages as a terminal may print them: they may quote a stranger's file.</summary>
internal static class OneLine
{
    /// <summary>The text on one line, without what steers a terminal.</summary>
    public static string Of(string text) => string.Concat(text.ReplaceLineEndings(" ")
        .Select(character => char.IsControl(character) ? '?' : character));
}
