using System.Text.Json;
using Microsoft.Extensions.Options;
using Stip.DeveloperPortal.Hosting;
using Stip.Onnx.Model;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.DeveloperPortal.Packages;

/// <summary>Reads the packages of one folder. It opens manifests only: no key, no weight.</summary>
internal sealed class PackageFolder(IOptions<PortalOptions> options)
{
    public string Path { get; } = System.IO.Path.GetFullPath(options.Value.PackagesDirectory);

    /// <summary>The packages; where the folder itself cannot be read, one line that says so.</summary>
    public IReadOnlyList<PackageSummary> List()
    {
        try
        {
            return !Directory.Exists(Path)
                ? []
                : [.. Directory.EnumerateDirectories(Path).Order(StringComparer.Ordinal).Select(Read)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [new PackageSummary(Path, null, $"the folder cannot be read: {e.GetType().Name}")];
        }
    }

    private static PackageSummary Read(string folder)
    {
        var name = System.IO.Path.GetFileName(folder);
        var file = System.IO.Path.Combine(folder, "cloud", PackageManifest.FileName);
        if (!File.Exists(file))
        {
            return new PackageSummary(name, null, $"there is no cloud/{PackageManifest.FileName}");
        }

        try
        {
            using var stream = File.OpenRead(file);
            var manifest = JsonSerializer.Deserialize<PackageManifest>(stream, StipJson.File);
            return manifest?.Protocol == PackageManifest.CurrentProtocol
                ? new PackageSummary(name, manifest, Compare(folder, manifest))
                : new PackageSummary(
                    name, null, $"protocol '{manifest?.Protocol}' is not {PackageManifest.CurrentProtocol}");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            return new PackageSummary(name, null, $"{PackageManifest.FileName} cannot be read: {e.GetType().Name}");
        }
    }

    private static string? Compare(string folder, PackageManifest manifest)
    {
        if (manifest.Files is null || manifest.Files.Any(entry => entry is not { Path.Length: > 0, Sha256: not null }))
        {
            return $"{PackageManifest.FileName} has no list of files";
        }

        foreach (var entry in manifest.Files)
        {
            // A link has a length of its own.
            var file = new FileInfo(LinkTarget.Of(System.IO.Path.Combine(folder, "cloud", entry.Path)));
            var length = file.Exists ? file.Length : 0;
            if (!file.Exists || length != entry.Bytes)
            {
                return $"{entry.Path} has {length} bytes of {entry.Bytes}";
            }
        }

        return manifest.Fingerprint == PackageFingerprint.Compute(manifest.Files)
            ? null
            : "the fingerprint does not match the file list";
    }
}
