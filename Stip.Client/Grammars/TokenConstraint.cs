using Stip.Client.Sampling;
using Stip.Client.Tokenization;

namespace Stip.Client.Grammars;

/// <summary>A text on its way through a grammar.</summary>
internal sealed class TokenConstraint(
    TokenGrammar grammar, TextTokenizer tokenizer, IReadOnlyList<int> endIds) : ITokenFilter
{
    private GrammarPlaces _places = GrammarPlaces.Start(grammar.Root);

    /// <summary>The text is complete and nothing may follow.</summary>
    public bool MustEnd => _places.MustEnd;

    public bool Allows(int tokenId)
    {
        if (endIds.Contains(tokenId))
        {
            return _places.MayEnd;
        }

        var bytes = Bytes(tokenId);
        return bytes.Length > 0 && !Follow(bytes).IsDead;
    }

    /// <summary>Another one, a token further; this one stays where it is.</summary>
    public TokenConstraint After(int tokenId)
    {
        var next = new TokenConstraint(grammar, tokenizer, endIds) { _places = _places };
        next.Accept(tokenId);
        return next;
    }

    public void Accept(int tokenId)
    {
        if (!endIds.Contains(tokenId))
        {
            _places = Follow(Bytes(tokenId));
        }
    }

    private GrammarPlaces Follow(byte[] bytes)
    {
        var places = _places;
        for (var i = 0; i < bytes.Length && !places.IsDead; i++)
        {
            places = places.After(bytes[i]);
        }

        return places;
    }

    // Special tokens stand for no text.
    private byte[] Bytes(int tokenId) => tokenizer.IsSpecial(tokenId) ? [] : tokenizer.TokenBytes(tokenId);
}
