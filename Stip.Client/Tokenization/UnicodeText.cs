namespace Stip.Client.Tokenization;

/// <summary>Text as the reference can hold it: a sequence of Unicode scalar values.</summary>
internal static class UnicodeText
{
    public static string WithoutLoneSurrogates(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\uD800', '\uDFFF'))
        {
            return text;
        }

        // Enumerating runes gives U+FFFD for every half that stands alone.
        return CharacterClasses.Keep(text, static _ => true);
    }
}
