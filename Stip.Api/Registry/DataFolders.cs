using Microsoft.Extensions.Options;

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

    public string Uploads { get; }

    public string Keys { get; }

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
