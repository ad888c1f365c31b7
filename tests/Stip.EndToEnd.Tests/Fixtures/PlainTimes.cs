namespace Stip.EndToEnd.Tests.Fixtures;

/// <summary>Whisper's rule of times, as transformers writes it over a whole row, without any code of ours.</summary>
internal static class PlainTimes
{
    /// <param name="row">Logits.</param>
    /// <param name="ids">The answer so far.</param>
    /// <param name="silent">The token before the first time.</param>
    /// <param name="latest">Most steps of the first time.</param>
    /// <param name="end">The token that ends an answer.</param>
    public static HashSet<int> Allowed(float[] row, IReadOnlyList<int> ids, int silent, int latest, int end)
    {
        var first = silent + 1;
        var scores = row.Select(logit => (double)logit).ToArray();
        Array.Fill(scores, double.NegativeInfinity, silent, 1);
        if (ids.Count == 0)
        {
            Array.Fill(scores, double.NegativeInfinity, 0, first);
            Array.Fill(scores, double.NegativeInfinity, first + latest + 1, scores.Length - first - latest - 1);
        }

        var lastIsTime = ids.Count > 0 && ids[^1] >= first;
        var lastButOneIsTime = ids.Count < 2 || ids[^2] >= first;
        if (lastIsTime)
        {
            var (from, count) = lastButOneIsTime ? (first, scores.Length - first) : (0, end);
            Array.Fill(scores, double.NegativeInfinity, from, count);
        }

        if (ids.Any(id => id >= first))
        {
            var time = ids.Last(id => id >= first) + (lastIsTime && !lastButOneIsTime ? 0 : 1);
            Array.Fill(scores, double.NegativeInfinity, first, time - first);
        }

        if (Math.Log(scores[first..].Sum(Math.Exp)) > scores[..first].Max())
        {
            Array.Fill(scores, double.NegativeInfinity, 0, first);
        }

        return [.. Enumerable.Range(0, scores.Length).Where(id => !double.IsNegativeInfinity(scores[id]))];
    }
}
