using Stip.Protocol.Packages;

namespace Stip.DeveloperPortal.Packages;

/// <summary>A package folder as the portal shows it: its manifest, or why it has none.</summary>
/// <param name="Folder">Name of the folder.</param>
/// <param name="Manifest">What <c>stip.json</c> says, null where it cannot be read.</param>
/// <param name="Fault">One line, null where all is well.</param>
internal sealed record PackageSummary(string Folder, PackageManifest? Manifest, string? Fault)
{
    public long CloudBytes { get; } = (long)Math.Min(
        Manifest?.Files?.Aggregate(0m, (sum, file) => sum + (file?.Bytes ?? 0)) ?? 0, long.MaxValue);
}
