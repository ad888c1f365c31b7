namespace Stip.Export.Checkpoints.Gguf.Tokenizer;

/// <summary>
/// Merges out of the scores of a SentencePiece model: every way to make a token out of two others, the token with the
/// best score first, parts with lower ids first among the ways to make one: the order of published tokenizer.json
/// files.
/// </summary>
internal static class ScoredMerges
{
    public static IEnumerable<(string Left, string Right)> Of(GgufVocabulary vocabulary, IReadOnlyList<double> scores)
    {
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var id = 0; id < vocabulary.Tokens.Count; id++)
        {
            if (vocabulary.Types[id] == GgufTokenType.Normal)
            {
                ids.TryAdd(vocabulary.Tokens[id], id);
            }
        }

        return ids.SelectMany(token => Splits(token.Key, ids)
                .Select(split => (split.Left, split.Right, Score: scores[token.Value])))
            .OrderByDescending(merge => merge.Score)
            .Select(merge => (merge.Left, merge.Right));
    }

    private static IEnumerable<(string Left, string Right)> Splits(string token, Dictionary<string, int> ids)
    {
        var found = new List<(string Left, string Right)>();
        for (var at = 1; at < token.Length; at++)
        {
            if (!char.IsLowSurrogate(token[at]) && ids.ContainsKey(token[..at]) && ids.ContainsKey(token[at..]))
            {
                found.Add((token[..at], token[at..]));
            }
        }

        return found.OrderBy(split => ids[split.Left]).ThenBy(split => ids[split.Right]);
    }
}
