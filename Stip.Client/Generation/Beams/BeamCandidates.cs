using Stip.Client.Sampling;
using Stip.Client.Sealing;

namespace Stip.Client.Generation.Beams;

/// <summary>The likeliest tokens of rows of logits, with their log probabilities over the whole vocabulary.</summary>
internal sealed class BeamCandidates(int vocabSize)
{
    private readonly RankedLogits _ranked = new(vocabSize);

    /// <param name="row">A full row, or the largest logits with their log-sum-exp at temperature 1.</param>
    /// <param name="count">How many are wanted.</param>
    /// <param name="filter">What may come at all; null for everything. What it leaves out keeps its share of the whole,
    /// as transformers has it.</param>
    public IReadOnlyList<BeamCandidate> Of(LogitsRow row, int count, ITokenFilter? filter)
    {
        var found = new List<BeamCandidate>(count);
        if (!row.IsFull)
        {
            var (ids, values) = (row.TokenIds.ToArray(), row.Values.ToArray());
            var keys = ids.Select((id, i) => RankKey.Of(values[i], id)).Order();
            found.AddRange(keys.Where(key => filter?.Allows(RankKey.Id(key)) != false).Take(count)
                .Select(key => new BeamCandidate(RankKey.Id(key), RankKey.Logit(key) - row.Logsumexp!.Value)));
            return found;
        }

        var logits = row.Values.ToArray();
        _ranked.Reset(logits);
        var sum = _ranked.Greatest + Math.Log(logits.Sum(logit => Math.Exp(logit - _ranked.Greatest)));
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
