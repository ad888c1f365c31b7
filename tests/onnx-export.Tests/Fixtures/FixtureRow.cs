using System.Globalization;

namespace Stip.Export.Tests.Fixtures;

/// <summary>What came of one model of the fixtures.</summary>
/// <param name="Name">Its folder or file.</param>
/// <param name="Classes">Classes of axes that were found.</param>
/// <param name="Moved">Share of the server's weight bytes that moved, 0..1.</param>
/// <param name="Plain">Largest difference of the plain model from the golden outputs, of their scale.</param>
/// <param name="Protected">The same of the package.</param>
/// <param name="Apart">Largest difference of package and plain model, of the scale.</param>
/// <param name="Seconds">How long protect took, verification included.</param>
/// <param name="Unruled">Operators without a rule.</param>
internal sealed record FixtureRow(
    string Name,
    int Classes,
    double Moved,
    double Plain,
    double Protected,
    double Apart,
    double Seconds,
    IReadOnlyList<string> Unruled)
{
    /// <summary>Names of the columns.</summary>
    public const string Heading =
        "| model | classes | moved | plain, golden | protected, golden | protected, plain | seconds | no rule |\n"
        + "|---|---|---|---|---|---|---|---|";

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"| {Name} | {Classes} | {Moved:P1} | {Plain:0.0E+0} | {Protected:0.0E+0} | {Apart:0.0E+0} | "
        + $"{Seconds:F1} | {string.Join(", ", Unruled)} |");
}
