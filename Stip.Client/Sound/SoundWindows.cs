using System.Numerics.Tensors;

namespace Stip.Client.Sound;

/// <summary>Cuts a long sound where it is quietest, so that a cut seldom goes through a word.</summary>
internal static class SoundWindows
{
    // Of a window's length: cuts lie in its last part, and loudness is that of a short one. Of 30 seconds 5 and 0.1.
    private const int SearchedPart = 6;
    private const int QuietPart = 300;

    /// <param name="samples">The sound.</param>
    /// <param name="most">Most samples of a window.</param>
    /// <returns>Windows that follow each other and are the whole sound together.</returns>
    public static IReadOnlyList<Range> Cut(ReadOnlySpan<float> samples, int most)
    {
        var windows = new List<Range>();
        var start = 0;
        while (samples.Length - start > most)
        {
            var end = start + most - (most / SearchedPart)
                + QuietestEnd(samples.Slice(start + most - (most / SearchedPart), most / SearchedPart), most);
            windows.Add(start..end);
            start = end;
        }

        windows.Add(start..samples.Length);
        return windows;
    }

    // The middle of the quietest short part.
    private static int QuietestEnd(ReadOnlySpan<float> samples, int most)
    {
        var length = Math.Max(1, most / QuietPart);
        var (best, least) = (samples.Length, double.PositiveInfinity);
        for (var first = 0; first + length <= samples.Length; first += Math.Max(1, length / 2))
        {
            var energy = TensorPrimitives.SumOfSquares(samples.Slice(first, length));
            if (energy <= least)
            {
                (best, least) = (first + ((length + 1) / 2), energy);
            }
        }

        return best;
    }
}
