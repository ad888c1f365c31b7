using Stip.Api.Registry.Packages;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>The folders that a start finds, as they are to be taken up.</summary>
/// <param name="Registered">Whose graphs were loaded and compared when they came.</param>
/// <param name="ByHand">Others, of two of one model the newer first: the older is then never served for a moment.
/// </param>
internal sealed record FoundPackages(IReadOnlyList<string> Registered, IReadOnlyList<string> ByHand)
{
    private const int MostDepth = 2;

    public static FoundPackages In(string folder)
    {
        var found = Below(folder, MostDepth)
            .ToLookup(package => File.Exists(Path.Combine(package, Registration.FileName)));
        return new FoundPackages(
            [.. found[true]],
            [.. found[false].OrderByDescending(KeyEpoch).ThenByDescending(Directory.GetLastWriteTimeUtc)]);
    }

    /// <summary>Every package that names this model, the oldest first, whether it is served or not.</summary>
    public static IEnumerable<string> Naming(string model, string folder) =>
        Below(folder, MostDepth).Where(package => ManifestOf(package)?.Model == model)
            .OrderBy(KeyEpoch).ThenBy(Directory.GetLastWriteTimeUtc);

    // What lies inside a package is a file of it and never another package, whatever it is called.
    private static IEnumerable<string> Below(string folder, int depth)
    {
        foreach (var inner in Directory.EnumerateDirectories(folder, "*", new EnumerationOptions()))
        {
            if (DataFolders.IsSetAside(inner))
            {
                continue;
            }

            if (File.Exists(Path.Combine(inner, PackageManifest.FileName)))
            {
                yield return inner;
            }
            else if (depth > 1)
            {
                foreach (var package in Below(inner, depth - 1))
                {
                    yield return package;
                }
            }
        }
    }

    private static int KeyEpoch(string package) => ManifestOf(package)?.KeyEpoch ?? 0;

    private static PackageManifest? ManifestOf(string package)
    {
        try
        {
            return PackageFolder.ReadManifest(Path.Combine(package, PackageManifest.FileName)).Manifest;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
