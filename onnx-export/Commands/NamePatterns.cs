using System.Globalization;
using System.Text.RegularExpressions;

namespace Stip.Export.Commands;

/// <summary>Names that differ only in the numbers of layers, experts or blocks, as one: <c>layers.*.mlp.up.weight</c>.
/// </summary>
internal static partial class NamePatterns
{
    /// <summary>A name without its numbers. Digits that are part of a word stay.</summary>
    public static string Of(string name) => Number().Replace(name, "*");

    /// <summary>Names in their order, those that look alike once with how many there are.</summary>
    public static IEnumerable<string> Fold(IEnumerable<string> names) => names
        .GroupBy(Of, StringComparer.Ordinal)
        .Select(alike => alike.Count() == 1
            ? alike.First()
            : string.Create(CultureInfo.InvariantCulture, $"{alike.Key} × {alike.Count()}"));

    // Not the axis in brackets that may follow a name.
    [GeneratedRegex(@"(?<![A-Za-z0-9\[])\d+(?![A-Za-z0-9\]])", RegexOptions.CultureInvariant)]
    private static partial Regex Number();
}
