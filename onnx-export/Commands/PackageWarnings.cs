using Stip.Onnx.Protection;

namespace Stip.Export.Commands;

/// <summary>What is to be said of several packages of one model: keys differ, and so may what they leave
/// open.</summary>
internal static class PackageWarnings
{
    /// <summary>Every warning once, in the order in which they come; one that is not of all packages with the numbers
    /// of those that it is of, counted from 1.</summary>
    public static IEnumerable<string> Of(IReadOnlyList<ProtectionResult> made) => made
        .SelectMany((package, index) => package.Warnings.Distinct().Select(warning => (warning, Number: index + 1)))
        .GroupBy(entry => entry.warning, entry => entry.Number, StringComparer.Ordinal)
        .Select(entry => entry.Count() == made.Count ? entry.Key : $"instance {string.Join(", ", entry)}: {entry.Key}");
}
