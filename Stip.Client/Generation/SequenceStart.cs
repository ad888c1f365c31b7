using Stip.Keys.Bundles;

namespace Stip.Client.Generation;

/// <summary>What the decoder of a model with an encoder begins with.</summary>
internal static class SequenceStart
{
    /// <param name="sequence">How answers begin.</param>
    /// <param name="first">As <see cref="GenerationOptions.FirstTokenId"/>.</param>
    /// <param name="isLanguage">Tells the tokens of languages.</param>
    public static int[] Ids(SequenceManifest sequence, int? first, Func<int, bool> isLanguage)
    {
        var (start, second) = (sequence.DecoderStartTokenId, first ?? sequence.ForcedBosTokenId);

        // mBART of 25 languages has nothing in front of the answer's language.
        if (first is { } language && isLanguage(language) && isLanguage(start))
        {
            start = language;
            second = sequence.ForcedBosTokenId is { } forced && !isLanguage(forced) ? forced : null;
        }

        return second is { } next ? [start, next] : [start];
    }

    /// <summary>The same with the beginning of an answer behind it. One that begins with a special token is a start of
    /// its own: Donut's tasks.</summary>
    /// <param name="start">What answers begin with.</param>
    /// <param name="beginning">Tokens; none for an answer that the model begins.</param>
    /// <param name="isSpecial">Tells special tokens.</param>
    public static int[] With(int[] start, ReadOnlySpan<int> beginning, Func<int, bool> isSpecial) =>
        beginning is [var first, ..] && isSpecial(first) ? [.. beginning] : [.. start, .. beginning];
}
