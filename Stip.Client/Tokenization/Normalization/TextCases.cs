namespace Stip.Client.Tokenization.Normalization;

/// <summary>Lower case as the reference has it: the full mapping of each character alone.</summary>
internal static class TextCases
{
    public static string Lower(string text)
    {
        // The one character whose full lower case is longer than itself.
        const string DottedCapitalI = "\u0130";
        return text.Replace(DottedCapitalI, "i\u0307", StringComparison.Ordinal).ToLowerInvariant();
    }
}
