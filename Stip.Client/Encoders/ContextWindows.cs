namespace Stip.Client.Encoders;

/// <summary>A long text in pieces that overlap, so that an answer at a border is whole in one of them.</summary>
internal static class ContextWindows
{
    /// <param name="tokens">Of the text.</param>
    /// <param name="room">Most of them in a piece.</param>
    /// <param name="overlap">Tokens that two neighbours share, at most half of the room.</param>
    public static IEnumerable<(int Start, int Count)> Of(int tokens, int room, int overlap)
    {
        var step = room - Math.Min(overlap, room / 2);
        for (var start = 0; start < tokens; start += step)
        {
            yield return (start, Math.Min(room, tokens - start));
            if (start + room >= tokens)
            {
                yield break;
            }
        }
    }
}
