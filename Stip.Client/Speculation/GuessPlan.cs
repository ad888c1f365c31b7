namespace Stip.Client.Speculation;

/// <summary>How many guesses pay: tokens that a round is expected to bring, by its time.</summary>
/// <param name="Count">Guesses.</param>
/// <param name="Speed">Tokens a millisecond.</param>
internal readonly record struct GuessPlan(int Count, double Speed)
{
    // What is expected to win less is left: measured times are rough.
    private const double LeastGain = 1.05;

    /// <param name="line">Of <see cref="RoundCosts.Line"/>.</param>
    /// <param name="hitRate">Chance of a guess, those before it being right.</param>
    /// <param name="guessTime">Milliseconds to make a guess.</param>
    /// <param name="most">Most guesses.</param>
    public static GuessPlan Best((double First, double Further) line, double hitRate, double guessTime, int most)
    {
        var none = 1 / line.First;
        var best = new GuessPlan(0, none);
        var (tokens, chance) = (1.0, 1.0);
        for (var count = 1; count <= most; count++)
        {
            chance *= hitRate;
            tokens += chance;
            var speed = tokens / (line.First + (count * (line.Further + guessTime)));
            best = speed > best.Speed && speed > none * LeastGain ? new GuessPlan(count, speed) : best;
        }

        return best;
    }
}
