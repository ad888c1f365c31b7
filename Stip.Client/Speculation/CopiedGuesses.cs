namespace Stip.Client.Speculation;

/// <summary>Guesses that the text goes on as it did the last time that its latest tokens stood there.</summary>
internal static class CopiedGuesses
{
    private const int LongestMatch = 6;

    /// <summary>Finds the latest earlier place with the longest common ending.</summary>
    /// <returns>Where the text went on there, and how many tokens before it are equal; 0 where there is none.</returns>
    public static (int Start, int MatchedTokens) Find(ReadOnlySpan<int> context)
    {
        for (var length = Math.Min(LongestMatch, context.Length - 1); length > 0; length--)
        {
            var place = context[..^1].LastIndexOf(context[^length..]);
            if (place >= 0)
            {
                return (place + length, length);
            }
        }

        return (0, 0);
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
