using Stip.Client.Sampling;
using Stip.Client.Sealing;

namespace Stip.Client.Generation.Beams;

/// <summary>The likeliest tokens of rows of logits, with their log probabilities over the whole vocabulary.</summary>
/// <param name="vocabSize">Of the model.</param>
/// <param name="sampling">Penalties; null for none. They change logits as they do where one answer is chosen: the
/// likeliest token after one beam is the greedy one. What they take off is off the log probability.</param>
internal sealed class BeamCandidates(int vocabSize, SamplingOptions? sampling = null)
{
    private readonly RankedLogits _ranked = new(vocabSize);
    private readonly Penalties? _penalties = sampling is { HasPenalties: true } ? new Penalties(vocabSize) : null;

    /// <param name="row">A full row, or the largest logits with their log-sum-exp at temperature 1.</param>
    /// <param name="count">How many are wanted.</param>
    /// <param name="filter">What may come at all; null for everything. What it leaves out keeps its share of the whole,
    /// as transformers has it.</param>
    /// <param name="contextIds">All ids before the row, for penalties.</param>
    /// <param name="promptTokens">How many of them every answer begins with.</param>
    public IReadOnlyList<BeamCandidate> Of(
        LogitsRow row,
        int count,
        ITokenFilter? filter,
        ReadOnlySpan<int> contextIds = default,
        int promptTokens = 0)
    {
        var found = new List<BeamCandidate>(count);
        if (!row.IsFull)
        {
            var (ids, values) = (row.TokenIds.ToArray(), row.Values.ToArray());
            _penalties?.ApplyListed(ids, values, contextIds, promptTokens, sampling!);
            var keys = ids.Select((id, i) => RankKey.Of(values[i], id)).Order();
            found.AddRange(keys.Where(key => filter?.Allows(RankKey.Id(key)) != false).Take(count)
                .Select(key => new BeamCandidate(RankKey.Id(key), RankKey.Logit(key) - row.Logsumexp!.Value)));
            return found;
        }

        var logits = row.Values.ToArray();
        _ranked.Reset(logits);
        var greatest = _ranked.Greatest;
        var sum = greatest + Math.Log(logits.Sum(logit => Math.Exp(logit - greatest)));
        if (_penalties is not null)
        {
            _penalties.Apply(logits, contextIds, promptTokens, sampling!);
            _ranked.Reset(logits);
        }

        for (var rank = 0; found.Count < count && _ranked.Has(rank); rank++)
        {
            if (filter?.Allows(_ranked.Id(rank)) != false)
            {
                found.Add(new BeamCandidate(_ranked.Id(rank), _ranked.Logit(rank) - sum));
            }
        }

        return found;
    }
}
