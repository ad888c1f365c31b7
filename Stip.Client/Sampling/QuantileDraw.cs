namespace Stip.Client.Sampling;

/// <summary>Draws by walking from the most likely token down with one uniform number, within what top-k, top-p and
/// min-p keep.</summary>
internal static class QuantileDraw
{
    /// <param name="ranked">The tokens; when it runs out the result means nothing.</param>
    /// <param name="options">What is kept.</param>
    /// <param name="uniform">In [0, 1).</param>
    /// <param name="everything">Sum of the weights of all tokens.</param>
    public static int Draw(Ranking ranked, SamplingOptions options, double uniform, double everything)
    {
        var kept = KeptByTopK(ranked, options.TopK);
        if (options.TopP < 1)
        {
            kept = KeptByTopP(ranked, kept, options.TopP * Mass(ranked, kept, everything));
        }

        if (options.MinP > 0)
        {
            kept = KeptByMinP(ranked, kept, options.MinP);
        }

        var target = uniform * Mass(ranked, kept, everything);
        var sum = 0.0;
        for (var rank = 0; ; rank++)
        {
            sum += ranked.Has(rank) ? ranked.Weight(rank) : 0;
            if (sum > target || rank + 1 >= kept || !ranked.Has(rank + 1))
            {
                return ranked.Id(rank);
            }
        }
    }

    private static int KeptByTopK(Ranking ranked, int topK)
    {
        if (topK == 0 || topK >= ranked.Count || !ranked.Has(topK - 1))
        {
            return ranked.Count;
        }

        var kept = topK;
        for (var last = ranked.Logit(kept - 1); ranked.Has(kept) && ranked.Logit(kept) == last;)
        {
            kept++;
        }

        return kept;
    }

    private static int KeptByTopP(Ranking ranked, int among, double target)
    {
        var (sum, kept) = (0.0, 0);
        for (; kept < among && (kept == 0 || sum < target) && ranked.Has(kept); kept++)
        {
            sum += ranked.Weight(kept);
        }

        return kept;
    }

    private static int KeptByMinP(Ranking ranked, int among, float minP)
    {
        var kept = 1;
        while (kept < among && ranked.Has(kept) && ranked.Weight(kept) >= minP * ranked.Weight(0))
        {
            kept++;
        }

        return kept;
    }

    private static double Mass(Ranking ranked, int kept, double everything)
    {
        if (kept >= ranked.Count)
        {
            return everything;
        }

        var sum = 0.0;
        for (var rank = 0; rank < kept && ranked.Has(rank); rank++)
        {
            sum += ranked.Weight(rank);
        }

        return sum;
    }
}
