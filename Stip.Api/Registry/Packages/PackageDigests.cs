using System.Buffers;
using System.Security.Cryptography;
using Stip.Api.Engine;
using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>Compares the files of a stored package with the digests in its manifest, once, when it is first loaded:
/// what a disk has damaged is not served.</summary>
internal sealed class PackageDigests(PackageManifest manifest, string folder, ILogger log)
{
    private const int BufferBytes = 1 << 17;
    private readonly Lock _once = new();
    private bool _isKnown;
    private string? _fault;

    /// <exception cref="GraphRefusedException">A file is not the one that was registered.</exception>
    /// <exception cref="OperationCanceledException">It was given up; the next one begins again.</exception>
    public void Require(CancellationToken cancellation)
    {
        lock (_once)
        {
            if (!_isKnown)
            {
                _fault = Find(cancellation);
                _isKnown = true;
            }

            if (_fault is not null)
            {
                throw new GraphRefusedException(_fault);
            }
        }
    }

    /// <summary>The first listed file that is not the one that was registered; null where all are.</summary>
    /// <exception cref="IOException">One cannot be read.</exception>
    public static PackageFile? FirstDamaged(
        string folder, PackageManifest manifest, CancellationToken cancellation = default) =>
        manifest.Files.FirstOrDefault(file => !IsWhole(Path.Combine(folder, file.Path), file, cancellation));

    private string? Find(CancellationToken cancellation)
    {
        try
        {
            if (FirstDamaged(folder, manifest, cancellation) is not { } damaged)
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
            // May pass: the next one that wants it looks again.
            log.LogError(e, "Package {Folder} is not served: it cannot be read", Path.GetFileName(folder));
            throw new GraphRefusedException($"model '{manifest.Model}' cannot be read from the server's disk", e);
        }
    }

    private static bool IsWhole(string path, PackageFile file, CancellationToken cancellation)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (stream.Read(buffer) is > 0 and var read)
            {
                cancellation.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return string.Equals(
            Convert.ToHexStringLower(hash.GetHashAndReset()), file.Sha256, StringComparison.OrdinalIgnoreCase);
    }
}
