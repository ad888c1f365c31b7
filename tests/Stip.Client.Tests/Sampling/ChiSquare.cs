namespace Stip.Client.Tests.Sampling;

/// <summary>
/// Whether counts fit expectations, at one in about 30,000 (the seeds are fixed, so a pass stays a pass).
/// </summary>
internal static class ChiSquare
{
    public static bool Fits(double[] counts, double[] expected)
    {
        var statistic = 0.0;
        var freedom = -1;
        for (var i = 0; i < counts.Length; i++)
        {
            if (expected[i] == 0)
            {
                if (counts[i] > 0)
                {
                    return false;
                }

                continue;
            }

            statistic += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
            freedom++;
        }

        if (freedom == 0)
        {
            return statistic < 1e-9;
        }

        // Wilson and Hilferty: the cube root is nearly normal.
        var scale = 2.0 / (9 * freedom);
        return Math.Cbrt(statistic / freedom) < 1 - scale + (4 * Math.Sqrt(scale));
    }
}
