namespace Stip.Client.Images;

/// <summary>The weight of a pixel by its distance.</summary>
/// <param name="Support">Distance from which on the weight is 0.</param>
/// <param name="Weight">The function.</param>
internal sealed record FilterKernel(double Support, Func<double, double> Weight)
{
    public static FilterKernel Of(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Box => new(0.5, x => x is > -0.5 and <= 0.5 ? 1 : 0),
        ResampleFilter.Bilinear => new(1, x => Math.Max(0, 1 - Math.Abs(x))),
        ResampleFilter.Hamming => new(1, Hamming),
        ResampleFilter.Bicubic => new(2, Cubic),
        ResampleFilter.Lanczos => new(3, x => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0),
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "not a filter with weights"),
    };

    private static double Hamming(double x) => Math.Abs(x) switch
    {
        0 => 1,
        >= 1 => 0,
        var distance => Sinc(distance) * (0.54 + 0.46 * Math.Cos(Math.PI * distance)),
    };

    private static double Cubic(double x)
    {
        const double a = -0.5;
        var distance = Math.Abs(x);
        return distance switch
        {
            < 1 => ((a + 2) * distance - (a + 3)) * distance * distance + 1,
            < 2 => (((distance - 5) * distance + 8) * distance - 4) * a,
            _ => 0,
        };
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
