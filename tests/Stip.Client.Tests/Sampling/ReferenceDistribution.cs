using Stip.Client.Sampling;

namespace Stip.Client.Tests.Sampling;

/// <summary>The distribution that the options describe, computed plainly in double precision.</summary>
internal static class ReferenceDistribution
{
    public static double[] Of(float[] logits, int[] context, SamplingOptions options)
    {
        var scores = Array.ConvertAll(logits, logit => (double)logit);
        foreach (var id in context.Distinct())
        {
            scores[id] = scores[id] < 0
                ? scores[id] * options.RepetitionPenalty
                : scores[id] / options.RepetitionPenalty;
            scores[id] -= options.PresencePenalty + (options.FrequencyPenalty * context.Count(other => other == id));
        }

        scores = Array.ConvertAll(scores, score => score / options.Temperature);
        if (options.TopK > 0 && options.TopK < scores.Length)
        {
            var least = scores.OrderDescending().ElementAt(options.TopK - 1);
            scores = Array.ConvertAll(scores, score => score < least ? double.NegativeInfinity : score);
        }

        var probabilities = Softmax(scores);
        if (options.TopP < 1)
        {
            var before = 0.0;
            foreach (var id in Enumerable.Range(0, scores.Length).OrderByDescending(id => scores[id]))
            {
                scores[id] = before >= options.TopP && before > 0 ? double.NegativeInfinity : scores[id];
                before += probabilities[id];
            }

            probabilities = Softmax(scores);
        }

        var floor = options.MinP * probabilities.Max();
        return Softmax([.. scores.Select((score, id) => probabilities[id] < floor ? double.NegativeInfinity : score)]);
    }

    private static double[] Softmax(double[] scores)
    {
        var greatest = scores.Max();
        var weights = Array.ConvertAll(scores, score => Math.Exp(score - greatest));
        return Array.ConvertAll(weights, weight => weight / weights.Sum());
    }
}
