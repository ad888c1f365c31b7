using Stip.Api.Registry.Packages;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>The folders that a start finds, as they are to be taken up.</summary>
/// <param name="Registered">Whose graphs were loaded and compared when they came.</param>
/// <param name="ByHand">Others, of two of one model the newer first: the older is then never served for a moment.
/// </param>
internal sealed record FoundPackages(IReadOnlyList<string> Registered, IReadOnlyList<string> ByHand)
{
    public static FoundPackages In(string folder)
    {
        var found = Directory.EnumerateFiles(
                folder, PackageManifest.FileName,
                new EnumerationOptions { RecurseSubdirectories = true, MaxRecursionDepth = 2 })
            .Select(manifestPath => Path.GetDirectoryName(manifestPath)!)
            .ToLookup(package => File.Exists(Path.Combine(package, Registration.FileName)));
        return new FoundPackages(
            [.. found[true]],
            [.. found[false].OrderByDescending(KeyEpoch).ThenByDescending(Directory.GetLastWriteTimeUtc)]);
    }

    private static int KeyEpoch(string package)
    {
        try
        {
            return PackageFolder.ReadManifest(Path.Combine(package, PackageManifest.FileName)).Manifest?.KeyEpoch ?? 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }
}
