using System.Text.RegularExpressions;
using Stip.Client.Tokenization.AddedTokens;

namespace Stip.Client.Tokenization.Languages;

/// <summary>
/// Special tokens that name a language: <c>en_XX</c> (mBART), <c>eng_Latn</c> (NLLB), <c>__en__</c> (M2M100),
/// <c>&gt;&gt;eng&lt;&lt;</c> (Marian) and, of Whisper, <c>&lt;|en|&gt;</c>.
/// </summary>
internal sealed partial class LanguageTokens
{
    // Other models have special tokens of the same form that mean something else.
    private const string WhisperStart = "<|startoftranscript|>";

    private readonly Dictionary<string, int> _byCode = new(StringComparer.Ordinal);
    private readonly HashSet<int> _ids = [];

    public LanguageTokens(IEnumerable<AddedToken> tokens)
    {
        AddedToken[] special = [.. tokens.Where(token => token.IsSpecial)];
        Start = Array.Find(special, token => token.Content == WhisperStart)?.Id;
        foreach (var token in special)
        {
            if (Code(token.Content, Start is not null) is { } code)
            {
                _byCode.TryAdd(code, token.Id);
                _ids.Add(token.Id);
            }
        }
    }

    /// <summary>The codes, in the order of the file.</summary>
    public IReadOnlyCollection<string> Codes => _byCode.Keys;

    /// <summary>The token that a language stands behind (Whisper's), null for one that stands in front.</summary>
    public int? Start { get; }

    public bool Contains(int id) => _ids.Contains(id);

    /// <param name="language">A code, or the token itself.</param>
    public int? Id(string language) =>
        _byCode.TryGetValue(Code(language, isWhisper: true) ?? language, out var id) ? id : null;

    private static string? Code(string token, bool isWhisper) =>
        Form().Match(token) is { Success: true } match && (isWhisper || !token.StartsWith('<'))
            ? match.Groups["code"].Value
            : null;

    [GeneratedRegex(
        @"^(?:(?<code>[a-z]{2}_[A-Z]{2}|[a-z]{3}_[A-Z][a-z]{3})|__(?<code>[a-z]{2,3})__|>>(?<code>[^<>]+)<<"
        + @"|<\|(?<code>[a-z]{2,3})\|>)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
