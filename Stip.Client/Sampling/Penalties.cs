namespace Stip.Client.Sampling;

/// <summary>Lowers what was said before; counts without allocating.</summary>
internal sealed class Penalties(int vocabularySize)
{
    private readonly int[] _counts = new int[vocabularySize];

    public void Apply(float[] logits, ReadOnlySpan<int> context, int promptTokens, SamplingOptions options)
    {
        if (options.RepetitionPenalty != 1)
        {
            Repetition(logits, context, options.RepetitionPenalty);
        }

        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
        {
            var generated = context[Math.Min(promptTokens, context.Length)..];
            PresenceAndFrequency(logits, generated, options);
        }
    }

    /// <summary>The same for tokens of a list only.</summary>
    /// <param name="ids"><c>[k]</c>, the tokens of the list.</param>
    /// <param name="logits"><c>[k]</c>, theirs.</param>
    /// <param name="context">As for <see cref="Apply"/>.</param>
    /// <param name="promptTokens">As for <see cref="Apply"/>.</param>
    /// <param name="options">As for <see cref="Apply"/>.</param>
    /// <returns>Whether tokens that are not listed change as well.</returns>
    public bool ApplyListed(
        ReadOnlySpan<int> ids,
        Span<float> logits,
        ReadOnlySpan<int> context,
        int promptTokens,
        SamplingOptions options)
    {
        var touchesOthers = false;
        if (options.RepetitionPenalty != 1)
        {
            touchesOthers |= ApplyListed(
                ids, logits, context, (logit, time) => time == 0 ? Repeated(logit, options.RepetitionPenalty) : logit);
        }

        if (options.PresencePenalty != 0 || options.FrequencyPenalty != 0)
        {
            var generated = context[Math.Min(promptTokens, context.Length)..];
            touchesOthers |= ApplyListed(ids, logits, generated, (logit, time) => Spoken(logit, time, options));
        }

        return touchesOthers;
    }

    private static float Repeated(float logit, float penalty) => logit < 0 ? logit * penalty : logit / penalty;

    private static float Spoken(float logit, int time, SamplingOptions options) =>
        logit - (time == 0 ? options.PresencePenalty + options.FrequencyPenalty : options.FrequencyPenalty);

    private bool ApplyListed(
        ReadOnlySpan<int> ids, Span<float> logits, ReadOnlySpan<int> seen, Func<float, int, float> change)
    {
        var others = 0;
        foreach (var id in seen)
        {
            others += (uint)id < (uint)_counts.Length && _counts[id]++ == 0 ? 1 : 0;
        }

        for (var i = 0; i < ids.Length; i++)
        {
            others -= Math.Min(_counts[ids[i]], 1);
            for (var time = 0; time < _counts[ids[i]]; time++)
            {
                logits[i] = change(logits[i], time);
            }
        }

        Clear(seen);
        return others > 0;
    }

    private void Repetition(float[] logits, ReadOnlySpan<int> ids, float penalty)
    {
        foreach (var id in ids)
        {
            if ((uint)id < (uint)logits.Length && _counts[id]++ == 0)
            {
                logits[id] = Repeated(logits[id], penalty);
            }
        }

        Clear(ids);
    }

    private void PresenceAndFrequency(float[] logits, ReadOnlySpan<int> ids, SamplingOptions options)
    {
        foreach (var id in ids)
        {
            if ((uint)id < (uint)logits.Length)
            {
                logits[id] = Spoken(logits[id], _counts[id]++, options);
            }
        }

        Clear(ids);
    }

    private void Clear(ReadOnlySpan<int> ids)
    {
        foreach (var id in ids)
        {
            if ((uint)id < (uint)_counts.Length)
            {
                _counts[id] = 0;
            }
        }
    }
}
