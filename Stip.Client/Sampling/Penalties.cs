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
            PresenceAndFrequency(logits, generated, options.PresencePenalty, options.FrequencyPenalty);
        }
    }

    private void Repetition(float[] logits, ReadOnlySpan<int> ids, float penalty)
    {
        foreach (var id in ids)
        {
            if ((uint)id < (uint)logits.Length && _counts[id]++ == 0)
            {
                logits[id] = logits[id] < 0 ? logits[id] * penalty : logits[id] / penalty;
            }
        }

        Clear(ids);
    }

    private void PresenceAndFrequency(float[] logits, ReadOnlySpan<int> ids, float presence, float frequency)
    {
        foreach (var id in ids)
        {
            if ((uint)id < (uint)logits.Length)
            {
                logits[id] -= _counts[id]++ == 0 ? presence + frequency : frequency;
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
