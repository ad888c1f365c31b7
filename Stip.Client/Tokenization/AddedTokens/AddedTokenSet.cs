using Stip.Client.Tokenization.Languages;
using Stip.Client.Tokenization.Normalization;
using Stip.Client.Tokenization.PreTokenization;

namespace Stip.Client.Tokenization.AddedTokens;

/// <summary>The added tokens: those looked for in the raw text first, those in the normalised text after.</summary>
internal sealed class AddedTokenSet
{
    private readonly Dictionary<int, AddedToken> _byId;
    private readonly HashSet<string> _special;
    private readonly TokenFinder _raw;
    private readonly TokenFinder _normalized;
    private readonly Normalizer? _normalizer;

    public AddedTokenSet(IReadOnlyCollection<AddedToken> tokens, Normalizer? normalizer)
    {
        _normalizer = normalizer;
        _byId = tokens.GroupBy(token => token.Id).ToDictionary(same => same.Key, same => same.Last());
        _special = [.. tokens.Where(token => token.IsSpecial).Select(token => token.Content)];
        Languages = new LanguageTokens(tokens);
        var ordered = tokens.OrderByDescending(token => token.IsSpecial).ToArray();
        _raw = new TokenFinder(ordered.Where(token => !token.IsNormalized).Select(token => (token.Content, token)));
        _normalized = new TokenFinder(
            ordered.Where(token => token.IsNormalized).Select(token => (Normalize(token.Content), token)));
    }

    public int GreatestId => _byId.Count == 0 ? -1 : _byId.Keys.Max();

    public LanguageTokens Languages { get; }

    public AddedToken? Find(int id) => _byId.GetValueOrDefault(id);

    public int? Id(string content) => _byId.Values.FirstOrDefault(token => token.Content == content)?.Id;

    public bool IsSpecial(string content) => _special.Contains(content);

    /// <summary>Tokens by id, and between them the normalised text that the model is to encode.</summary>
    public IEnumerable<(int? Id, Piece Piece)> Extract(string text)
    {
        foreach (var (token, start, end) in _raw.Split(text))
        {
            if (token is not null)
            {
                yield return (token.Id, default);
                continue;
            }

            foreach (var part in ExtractNormalized(text[start..end], start == 0))
            {
                yield return part;
            }
        }
    }

    private IEnumerable<(int? Id, Piece Piece)> ExtractNormalized(string raw, bool opensText)
    {
        var text = Normalize(raw);
        foreach (var (token, start, end) in _normalized.Split(text))
        {
            yield return token is not null
                ? (token.Id, default)
                : (null, new Piece(text[start..end], opensText && start == 0));
        }
    }

    private string Normalize(string text) => _normalizer?.Apply(text) ?? text;
}
