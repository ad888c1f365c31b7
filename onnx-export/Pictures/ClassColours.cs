using System.Globalization;

namespace Stip.Export.Pictures;

/// <summary>A colour for every class: hues far apart for numbers close together, so that neighbours differ.</summary>
internal static class ClassColours
{
    /// <summary>What stays in place.</summary>
    public const string Pinned = "#b9bdc6";

    private const double GoldenAngle = 137.508;
    private static readonly int[] Lightness = [46, 62, 38];

    public static string Of(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $"hsl({number * GoldenAngle % 360:F0} 70% {Lightness[number / 8 % Lightness.Length]}%)");
}
