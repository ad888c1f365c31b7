using Stip.Api.Registry.Packages;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>Reads packages that lie in the data directory.</summary>
internal sealed class StoredPackages(PackageFolder packages, HostedModelFactory factory, ILogger log)
{
    /// <summary>What serves a package; null, and a line of the log, where it cannot be served.</summary>
    public HostedModel? TryRead(string folder)
    {
        // What cannot be read of one package is no reason to serve none.
        try
        {
            return Read(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InsufficientMemoryException)
        {
            log.LogError("Package {Folder} is not served: {Fault}", Path.GetFileName(folder), e.Message);
        }
#pragma warning disable CA1031 // A manifest that was damaged after it was judged can be wrong in any way.
        catch (Exception)
#pragma warning restore CA1031
        {
            log.LogError(
                "Package {Folder} is not served: its stip.json is not what was registered", Path.GetFileName(folder));
        }

        return null;
    }

    private HostedModel? Read(string folder)
    {
        var (manifest, fault) = PackageFolder.ReadManifest(Path.Combine(folder, PackageManifest.FileName));
        List<string> faults = manifest is null ? [fault] : [.. ManifestFaults.Of(manifest)];
        var registration = DurableFile.TryRead<Registration>(Path.Combine(folder, Registration.FileName));
        if (manifest is not null && faults.Count == 0)
        {
            // The graphs of a registered package were loaded and compared when it came.
            faults.AddRange(registration is null
                ? packages.Faults(folder, manifest)
                : PackageFolder.MissingFiles(folder, manifest));
        }

        if (faults.Count > 0)
        {
            log.LogError(
                "Package {Folder} is not served: {Faults}", Path.GetFileName(folder), string.Join("; ", faults));
            return null;
        }

        registration ??= new Registration(File.GetLastWriteTimeUtc(folder), "data-directory");
        return factory.Create(manifest!, registration, folder, isFresh: false);
    }
}
