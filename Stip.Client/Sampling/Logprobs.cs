using System.Numerics.Tensors;
using Stip.Client.Sealing;

namespace Stip.Client.Sampling;

/// <summary>Log probabilities as chat APIs report them beside a token.</summary>
public static class Logprobs
{
    /// <summary>The log probability of the token that was chosen, and the most likely tokens with theirs.</summary>
    /// <param name="logits">Plain (un-permuted) logits as the model gave them, [vocab].</param>
    /// <param name="chosen">The id that was drawn.</param>
    /// <param name="top">How many of the most likely tokens are wanted (default 0), most likely first.</param>
    /// <exception cref="ArgumentOutOfRangeException">The id or the count is outside the vocabulary.</exception>
    public static (TokenLogprob Chosen, TokenLogprob[] Top) Of(ReadOnlySpan<float> logits, int chosen, int top = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(chosen);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(chosen, logits.Length);
        ArgumentOutOfRangeException.ThrowIfNegative(top);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(top, logits.Length);
        var greatest = TensorPrimitives.Max(logits);
        var sum = 0.0;
        foreach (var logit in logits)
        {
            sum += Math.Exp(logit - greatest);
        }

        var logSumExp = greatest + Math.Log(sum);
        var ranked = new RankedLogits(logits.Length);
        var row = logits.ToArray();
        ranked.Reset(row);
        var most = Enumerable.Range(0, top).TakeWhile(ranked.Has)
            .Select(rank => new TokenLogprob(ranked.Id(rank), ranked.Logit(rank) - logSumExp));
        return (new TokenLogprob(chosen, row[chosen] - logSumExp), [.. most]);
    }

    /// <summary>The same from a full row, or from the largest logits with their log-sum-exp at temperature 1.</summary>
    /// <param name="row">Knows the chosen token.</param>
    /// <param name="chosen">The id that was drawn.</param>
    /// <param name="top">How many of the most likely tokens are wanted, as far as the row has them.</param>
    internal static TokenLogprobs Of(LogitsRow row, int chosen, int top)
    {
        if (row.IsFull)
        {
            var (own, most) = Of(row.Values.Span, chosen, Math.Min(top, row.Values.Length));
            return new TokenLogprobs(own, most);
        }

        var ids = row.TokenIds.Span;
        var keys = new ulong[ids.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = RankKey.Of(row.Values.Span[i], ids[i]);
        }

        Array.Sort(keys);
        var sum = row.Logsumexp!.Value;
        return new TokenLogprobs(
            new TokenLogprob(chosen, row.Values.Span[ids.IndexOf(chosen)] - sum),
            [.. keys.Take(top).Select(key => new TokenLogprob(RankKey.Id(key), RankKey.Logit(key) - sum))]);
    }
}
