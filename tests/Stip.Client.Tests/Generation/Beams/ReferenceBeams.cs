using Stip.Client.Generation.Beams;

namespace Stip.Client.Tests.Generation.Beams;

/// <summary>Beam search over a plain model as transformers writes it down (<c>GenerationMixin._beam_search</c>): tables
/// of fixed size, places without a beam at -1e9, whole rows sorted. It shares no code with the client's.</summary>
/// <param name="logits">Plain logits after a sequence.</param>
/// <param name="options">Beams, scores, end.</param>
/// <param name="most">Most tokens of an answer.</param>
/// <param name="endIds">What ends an answer.</param>
internal sealed class ReferenceBeams(
    Func<IReadOnlyList<int>, float[]> logits, BeamOptions options, int most, int[] endIds)
{
    private const double Nothing = -1e9;

    public IReadOnlyList<(int[] Ids, double Score)> Search(int[] prompt)
    {
        var beams = options.Beams;
        var running = Enumerable.Range(0, beams)
            .Select(i => (Ids: Array.Empty<int>(), Sum: i == 0 ? 0 : Nothing)).ToArray();
        var finished = Enumerable.Range(0, beams)
            .Select(_ => (Ids: Array.Empty<int>(), Score: Nothing, Is: false)).ToArray();
        var improves = true;
        for (var length = 1; ; length++)
        {
            var all = running.SelectMany(beam => LogSoftmax(logits([.. prompt, .. beam.Ids]))
                .Select((log, id) => (Ids: (int[])[.. beam.Ids, id], Sum: beam.Sum + log)))
                .OrderByDescending(next => next.Sum).Take(Math.Max(2, 1 + endIds.Length) * beams).ToArray();
            var hits = all.Select(next => endIds.Contains(next.Ids[^1]) || length == most).ToArray();
            running = [.. all.Select((next, i) => (next.Ids, Sum: next.Sum + (hits[i] ? Nothing : 0)))
                .OrderByDescending(next => next.Sum).Take(beams)];

            var isFull = finished.All(beam => beam.Is) && options.Stopping == BeamStopping.First;
            var scored = all.Select((next, i) =>
            {
                var counts = hits[i] && i < beams;
                var score = next.Sum / Math.Pow(length, options.LengthPenalty)
                    + (isFull ? Nothing : 0) + (improves ? 0 : Nothing) + (counts ? 0 : Nothing);
                return (next.Ids, Score: score, Is: counts);
            });
            finished = [.. finished.Concat(scored).OrderByDescending(beam => beam.Score).Take(beams)];

            var longest = options.Stopping == BeamStopping.Never && options.LengthPenalty > 0 ? most : length;
            var best = running[0].Sum / Math.Pow(longest, options.LengthPenalty);
            var worst = finished.Min(beam => beam.Score);
            improves &= finished.Any(beam => best > (beam.Is ? worst : Nothing));
            var isOpen = !(finished.All(beam => beam.Is) && options.Stopping == BeamStopping.First);
            if (!improves || !isOpen || hits.All(hit => hit))
            {
                return
                [
                    .. finished.Where(beam => beam.Is).Take(options.Returned).Select(beam => (beam.Ids, beam.Score)),
                ];
            }
        }
    }

    private static double[] LogSoftmax(float[] row)
    {
        var sum = Math.Log(row.Sum(logit => Math.Exp(logit)));
        return [.. row.Select(logit => logit - sum)];
    }
}
