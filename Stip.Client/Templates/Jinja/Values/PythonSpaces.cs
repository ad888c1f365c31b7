namespace Stip.Client.Templates.Jinja.Values;

/// <summary>What Python's strip takes for white space: Unicode's, and the four information separators.</summary>
internal static class PythonSpaces
{
    public static bool IsSpace(char character) =>
        char.IsWhiteSpace(character) || character is >= '\u001C' and <= '\u001F';

    public static string Strip(string text, bool left, bool right, string? characters = null)
    {
        // Half of a character beyond U+FFFF is never taken off.
        bool Goes(char character) => characters is null
            ? IsSpace(character)
            : !char.IsSurrogate(character) && characters.Contains(character);
        var (start, end) = (0, text.Length);
        while (left && start < end && Goes(text[start]))
        {
            start++;
        }

        while (right && end > start && Goes(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }
}
