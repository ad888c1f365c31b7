namespace Stip.Client.Speculation;

/// <summary>Guesses that the text goes on as it did the last time that its latest tokens stood there.</summary>
internal static class CopiedGuesses
{
    private const int LongestMatch = 6;

    /// <summary>Finds the latest earlier place with the longest common ending.</summary>
    /// <returns>Where the text went on there, and how many tokens before it are equal; 0 where there is none.</returns>
    public static (int Start, int MatchedTokens) Find(ReadOnlySpan<int> context)
    {
        if (context.IsEmpty)
        {
            return (0, 0);
        }

        // One search for the last token: one that is new, the usual case, costs no more.
        var best = (Start: 0, MatchedTokens: 0);
        var last = context[^1];
        for (var place = context[..^1].LastIndexOf(last); place >= 0; place = context[..place].LastIndexOf(last))
        {
            var matched = MatchedTokens(context, place);
            if (matched > best.MatchedTokens)
            {
                best = (place + 1, matched);
            }

            if (matched == LongestMatch)
            {
                break;
            }
        }

        return best;
    }

    /// <summary>How many tokens up to a place are those up to the end.</summary>
    private static int MatchedTokens(ReadOnlySpan<int> context, int place)
    {
        var matched = 1;
        while (matched < LongestMatch && matched <= place && context[place - matched] == context[^(matched + 1)])
        {
            matched++;
        }

        return matched;
    }

    /// <summary>Copies what followed; a copy that reaches the end of the text goes on in itself.</summary>
    public static int[] Copy(ReadOnlySpan<int> context, int start, int count)
    {
        var guesses = new int[count];
        for (var i = 0; i < count; i++)
        {
            var place = start + i;
            guesses[i] = place < context.Length ? context[place] : guesses[place - context.Length];
        }

        return guesses;
    }
}
