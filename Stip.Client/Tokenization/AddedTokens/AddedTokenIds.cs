using Stip.Client.Tokenization.Models;

namespace Stip.Client.Tokenization.AddedTokens;

/// <summary>
/// Numbers added tokens as the reference does: a token of the model's vocabulary keeps that id, any other comes after
/// all before it, whatever the file says. (The file of a tokenizer that was saved by the reference says the same.)
/// </summary>
internal static class AddedTokenIds
{
    public static AddedToken[] Assign(IEnumerable<AddedToken> tokens, Vocabulary vocabulary)
    {
        var numbered = new Dictionary<string, AddedToken>(StringComparer.Ordinal);
        var next = vocabulary.Ids.Count;
        foreach (var token in tokens)
        {
            var known = numbered.GetValueOrDefault(token.Content)?.Id ?? vocabulary.Id(token.Content);
            var id = known ?? next;
            numbered[token.Content] = token with { Id = id };
            next = Math.Max(next, id + 1);
        }

        return [.. numbered.Values];
    }
}
