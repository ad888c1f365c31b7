namespace Stip.Client.Tokenization.Patterns;

/// <summary>
/// Character classes that the reference's engine knows by name and .NET does not, as the inside of a set.
/// </summary>
internal static class OnigurumaClasses
{
    /// <summary>
    /// What \w stands for: alphabetic characters, marks, decimal digits, connectors, Latin-1's ², ³, ¹ and fractions.
    /// </summary>
    public const string Word = Alphabetic + @"\p{Nd}\p{Pc}\u00B2\u00B3\u00B9\u00BC-\u00BE";

    /// <summary>What \w stands for to Rust's engine, which a few steps of the reference use instead.</summary>
    public const string RustWord = Alphabetic + @"\p{Nd}\p{Pc}\u200C\u200D";

    private const string Alphabetic = @"\p{L}\p{M}\p{Nl}\u24B6-\u24E9";

    private static readonly Dictionary<string, string> ByName = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Han"] = @"\u2E80-\u2E99\u2E9B-\u2EF3\u2F00-\u2FD5\u3005\u3007\u3021-\u3029\u3038-\u303B"
            + @"\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFA6D\uFA70-\uFAD9",
        ["Hiragana"] = @"\u3041-\u3096\u309D-\u309F",
        ["Katakana"] = @"\u30A1-\u30FA\u30FD-\u30FF\u31F0-\u31FF\u32D0-\u32FE\u3300-\u3357\uFF66-\uFF6F\uFF71-\uFF9D",
        ["Hangul"] = @"\u1100-\u11FF\u302E-\u302F\u3131-\u318E\u3200-\u321E\u3260-\u327E\uA960-\uA97C"
            + @"\uAC00-\uD7A3\uD7B0-\uD7FB\uFFA0-\uFFDC",
        ["Alpha"] = Alphabetic,
        ["Alnum"] = Alphabetic + @"\p{Nd}",
        ["Digit"] = @"\p{Nd}",
        ["Space"] = @"\s",
        ["Punct"] = @"\p{P}$+<=>^`|~",
        ["Upper"] = @"\p{Lu}",
        ["Lower"] = @"\p{Ll}",
    };

    public static bool TryGet(string name, out string inside) => ByName.TryGetValue(name, out inside!);
}
