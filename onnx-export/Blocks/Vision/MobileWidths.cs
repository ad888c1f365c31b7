namespace Stip.Export.Blocks.Vision;

/// <summary>How MobileNet rounds numbers of channels.</summary>
/// <param name="Divisor">What they are multiples of.</param>
/// <param name="Least">The least.</param>
internal sealed record MobileWidths(int Divisor = 8, int Least = 8)
{
    /// <summary>The nearest multiple that is not a tenth below.</summary>
    public int Nearest(int width)
    {
        var nearest = Math.Max(Least, (int)((width + (Divisor / 2.0)) / Divisor) * Divisor);
        return nearest < 0.9 * width ? nearest + Divisor : nearest;
    }
}
