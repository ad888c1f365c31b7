using Microsoft.Extensions.Options;
using Stip.Api.Registry.Uploads;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>Where things lie under <see cref="ApiOptions.DataDirectory"/>.</summary>
internal sealed class DataFolders : IDisposable
{
    private readonly FileStream _lock;

    public DataFolders(IOptions<ApiOptions> options)
    {
        var root = Path.GetFullPath(options.Value.DataDirectory);
        (Packages, Staging) = (Path.Combine(root, "packages"), Path.Combine(root, "staging"));
        (Uploads, Keys) = (Path.Combine(root, "uploads"), Path.Combine(root, "keys"));
        foreach (var folder in new[] { Packages, Staging, Uploads, Keys })
        {
            Directory.CreateDirectory(folder);
        }

        _lock = Lock(root);
    }

    /// <summary>One folder a package; a folder here is whole.</summary>
    public string Packages { get; }

    /// <summary>Packages in the making: emptied at the start.</summary>
    public string Staging { get; }

    /// <summary>What a start empties it of: all but what uploads still lie in.</summary>
    public IEnumerable<string> Unfinished =>
        Directory.EnumerateDirectories(Staging).Where(folder => !StagedUploads.IsNoted(folder));

    public string Uploads { get; }

    public string Keys { get; }

    /// <summary>A folder that there is not, for a package. Equal packages of two instances may come in one moment.
    /// </summary>
    public string NewPackage(PackageManifest manifest, DateTimeOffset now)
    {
        var plain = manifest.Model.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '_');
        return Path.Combine(
            Packages, $"{string.Concat(plain)}-{manifest.Fingerprint[..12]}-{Guid.CreateVersion7(now):N}");
    }

    /// <summary>Deletes a package, out of the way first: of what a power cut leaves half deleted the next start would
    /// say, and every one after it, that it is damaged. What is staged goes at a start.</summary>
    public void Delete(string package)
    {
        if (!Directory.Exists(package))
        {
            return;
        }

        var aside = Path.Combine(Staging, Path.GetRandomFileName());
        try
        {
            Directory.Move(package, aside);
        }
        catch (IOException) when (Directory.Exists(package))
        {
            // Of another file system.
            aside = package;
        }

        Directory.Delete(aside, recursive: true);
    }

    /// <summary>The same, where the newer package is served whether it can be deleted or not.</summary>
    public void TryDelete(string package, ILogger log)
    {
        try
        {
            Delete(package);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogError("Package {Folder} cannot be deleted: {Fault}", Path.GetFileName(package), e.Message);
        }
    }

    public void Dispose() => _lock.Dispose();

    // Another server would empty the staging folder of this one at its start, and know nothing of revoked keys. The
    // system lets go of the lock when the process ends, however it ends.
    private static FileStream Lock(string root)
    {
        try
        {
            return new FileStream(
                Path.Combine(root, "server.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException(
                $"Stip:Api:DataDirectory {root} is in use by another server, or cannot be written: {e.Message}", e);
        }
    }
}
