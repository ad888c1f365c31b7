using System.Security.Cryptography;
using Stip.Api.Engine;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>Compares the files of a stored package with the digests in its manifest, once, when it is first loaded:
/// what a disk has damaged is not served.</summary>
internal sealed class PackageDigests(PackageManifest manifest, string folder, ILogger log)
{
    private readonly Lazy<string?> _fault = new(() => Find(manifest, folder, log));

    /// <exception cref="GraphRefusedException">A file is not the one that was registered.</exception>
    public void Require()
    {
        if (_fault.Value is { } fault)
        {
            throw new GraphRefusedException(fault);
        }
    }

    private static string? Find(PackageManifest manifest, string folder, ILogger log)
    {
        try
        {
            var damaged = manifest.Files.FirstOrDefault(file => !IsWhole(Path.Combine(folder, file.Path), file));
            if (damaged is null)
            {
                return null;
            }

            var fault = $"model '{manifest.Model}' is damaged on the server's disk: '{damaged.Path}' does not have the "
                + "sha256 of stip.json; push it again";
            log.LogError("Package {Folder} is not served: {Fault}", Path.GetFileName(folder), fault);
            return fault;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogError(e, "Package {Folder} is not served: it cannot be read", Path.GetFileName(folder));
            return $"model '{manifest.Model}' cannot be read from the server's disk";
        }
    }

    private static bool IsWhole(string path, PackageFile file)
    {
        using var stream = File.OpenRead(path);
        return string.Equals(
            Convert.ToHexStringLower(SHA256.HashData(stream)), file.Sha256, StringComparison.OrdinalIgnoreCase);
    }
}
