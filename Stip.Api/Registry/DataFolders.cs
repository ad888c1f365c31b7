using Microsoft.Extensions.Options;
using Stip.Api.Engine;
using Stip.Api.Registry.Packages;
using Stip.Api.Registry.Uploads;
using Stip.Protocol.Errors;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry;

/// <summary>Where things lie under <see cref="ApiOptions.DataDirectory"/>.</summary>
internal sealed class DataFolders : IDisposable
{
    // EXDEV of Linux and macOS; ERROR_NOT_SAME_DEVICE.
    private const int OtherFileSystem = 18;
    private const int OtherVolume = unchecked((int)0x80070011);

    // Of a package that goes and cannot be brought to staging: no start serves it, each deletes it.
    private const string SetAsidePrefix = ".removed-";

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

    /// <summary>What a caller gets whose package could not be deleted after its model had ended.</summary>
    public static Refusal Stays { get; } = new(
        StipErrorCode.InternalError,
        "the model is served no longer, but its package cannot be deleted: the next start serves it again", "id");

    /// <summary>One folder a package; a folder here is whole.</summary>
    public string Packages { get; }

    /// <summary>Packages in the making: emptied at the start.</summary>
    public string Staging { get; }

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

    /// <summary>True for the folder of a package that is being deleted.</summary>
    public static bool IsSetAside(string folder) =>
        Path.GetFileName(folder).StartsWith(SetAsidePrefix, StringComparison.Ordinal);

    /// <summary>What a start deletes: all that is staged but what uploads still lie in, and what is left of packages.
    /// </summary>
    public void DeleteUnfinished(ILogger log)
    {
        foreach (var folder in Directory.GetDirectories(Staging).Where(folder => !StagedUploads.IsNoted(folder)))
        {
            TryDelete(folder, log);
        }

        // Hidden ones among them; packages lie in folders here or in one more.
        var (any, there) = (new EnumerationOptions { AttributesToSkip = 0 }, Directory.GetDirectories(Packages));
        foreach (var parent in there.Where(folder => !IsSetAside(folder)).Prepend(Packages))
        {
            foreach (var folder in Directory.GetDirectories(parent, SetAsidePrefix + "*", any))
            {
                TryDelete(folder, log);
            }
        }
    }

    /// <summary>Where what is staged lies beside the packages: there, or copied where those are on another file system,
    /// from which nothing can be moved in one step.</summary>
    /// <param name="staged">Stays where it is; whoever asked deletes the copy.</param>
    /// <param name="cancellation">Gives a copy up.</param>
    public string Beside(string staged, CancellationToken cancellation)
    {
        var beside = Path.Combine(Packages, SetAsidePrefix + Path.GetRandomFileName());
        var probe = Directory.CreateDirectory(Path.Combine(Staging, Path.GetRandomFileName())).FullName;
        try
        {
            Directory.Move(probe, beside);
            Directory.Delete(beside);
            return staged;
        }
        catch (IOException e) when (e.HResult is OtherFileSystem or OtherVolume)
        {
            CopiedFolder.Make(staged, beside, cancellation);
            return beside;
        }
        finally
        {
            if (Directory.Exists(probe))
            {
                Directory.Delete(probe);
            }
        }
    }

    /// <summary>Takes packages out of the way, all of them or none: of what a power cut leaves half deleted the next
    /// start would say, and every one after it, that it is damaged. What is staged goes at a start.</summary>
    /// <param name="packages">Those that are not there are left out.</param>
    /// <param name="log">Told why one has to stay.</param>
    /// <returns>Where they are.</returns>
    public Outcome<List<string>> SetAside(IReadOnlyList<string> packages, ILogger log)
    {
        var moved = new List<(string From, string To)>();
        foreach (var package in packages.Where(Directory.Exists))
        {
            try
            {
                moved.Add((package, MoveAside(package)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogError("Package {Folder} cannot be deleted: {Fault}", Path.GetFileName(package), e.Message);
                foreach (var (from, to) in moved.Where(other => other.To != other.From))
                {
                    Directory.Move(to, from);
                }

                return new Refusal(
                    StipErrorCode.InternalError, "the model's package cannot be deleted: it is served as before", "id");
            }
        }

        return moved.ConvertAll(package => package.To);
    }

    /// <summary>Deletes a folder, where something newer is served whether it can be deleted or not.</summary>
    public void TryDelete(string folder, ILogger log)
    {
        try
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(MoveAside(folder), recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogError("Package {Folder} cannot be deleted: {Fault}", Path.GetFileName(folder), e.Message);
        }
    }

    /// <summary>The same of a package that is served no longer. What an operator put there by hand is left to the
    /// operator.</summary>
    public void TryDeleteRegistered(string package, ILogger log)
    {
        if (File.Exists(Path.Combine(package, Registration.FileName)))
        {
            TryDelete(package, log);
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

    private string MoveAside(string folder)
    {
        var aside = Path.Combine(Staging, Path.GetRandomFileName());
        try
        {
            Directory.Move(folder, aside);
            return aside;
        }
        catch (IOException e) when (e.HResult == OtherFileSystem && !IsSetAside(folder))
        {
            var beside = Path.Combine(Path.GetDirectoryName(folder)!, SetAsidePrefix + Path.GetFileName(aside));
            Directory.Move(folder, beside);
            return beside;
        }
        catch (IOException e) when (e.HResult == OtherFileSystem || OperatingSystem.IsWindows())
        {
            // On Windows those whose files are in use stay where they are until then.
            return folder;
        }
    }
}
