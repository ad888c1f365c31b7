using System.Security.Cryptography;
using System.Text.Json;
using Stip.Keys.Bundles;

namespace Stip.Keys.Sealing;

/// <summary>A client's bundle encrypted for one user, in one file.</summary>
public static class SealedBundle
{
    /// <summary>Whether a file begins like a sealed bundle and says what it is; nothing is decrypted.</summary>
    /// <exception cref="SealException">It is none.</exception>
    public static SealHeader Inspect(string path)
    {
        using var input = OwnerFiles.Open(path);
        return SealHeader.Read(input, path).Header;
    }

    /// <summary>Encrypts a bundle.</summary>
    /// <param name="folder">The folder <c>client/</c>.</param>
    /// <param name="output">The file to make; it must not be there.</param>
    /// <param name="secret">A passphrase, or the user's public key.</param>
    /// <exception cref="SealException">Not a bundle; one line.</exception>
    public static void Seal(string folder, string output, SealSecret secret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        var (model, instance, keyEpoch) = ReadManifest(folder);
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(folder, path).Replace('\\', '/')).Order(StringComparer.Ordinal)
            .Select(path => new SealHeader.SealedFile(path, LengthOf(Path.Combine(folder, path)))).ToArray();
        if (!SealedPaths.AreAllowed(files.Select(file => file.Path)))
        {
            throw new SealException($"{folder} has files whose names not every system can make");
        }

        OwnerFiles.WriteBeside(output, target =>
        {
            using var chunks = Begin(
                @lock => new SealHeader(SealHeader.CurrentFormat, model, instance, keyEpoch, @lock, files),
                secret,
                target);
            for (var i = 0; i < files.Length; i++)
            {
                using var input = OwnerFiles.Open(Path.Combine(folder, files[i].Path));
                chunks.Encrypt(i, files[i].Bytes, input, target);
                RequireEnd(input, files[i].Path);
            }
        });
    }

    /// <summary>Decrypts a bundle into a folder that only its owner can read; its tables can be mapped there.</summary>
    /// <param name="path">The sealed file.</param>
    /// <param name="folder">The folder to make; it must not be there.</param>
    /// <param name="secret">The passphrase, or the user's private key.</param>
    /// <param name="cancellationToken">Stops between two chunks of 1 MiB; there is no folder then.</param>
    /// <exception cref="SealException">Wrong secret, truncated, damaged or exchanged; one line, and no
    /// folder.</exception>
    public static void Unseal(
        string path, string folder, SealSecret secret, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(secret);
        if (Path.Exists(folder))
        {
            throw new SealException($"{folder} is there already");
        }

        using var input = OwnerFiles.Open(path);
        var (header, bytes) = SealHeader.Read(input, path);
        using var chunks = new SealChunks(secret.Unwrap(header.Lock), bytes);
        var beside = $"{folder.TrimEnd('/', '\\')}.{Guid.NewGuid():N}";
        try
        {
            OwnerFiles.CreateFolder(beside);
            for (var i = 0; i < header.Files.Count; i++)
            {
                var file = Path.Combine(beside, header.Files[i].Path);
                OwnerFiles.CreateFolder(Path.GetDirectoryName(file)!);
                using var output = OwnerFiles.Create(file);
                chunks.Decrypt(i, header.Files[i].Bytes, input, output, cancellationToken);
            }

            RequireEnd(input, path);
            cancellationToken.ThrowIfCancellationRequested();
            Directory.Move(beside, folder);
        }
        finally
        {
            if (Directory.Exists(beside))
            {
                Directory.Delete(beside, recursive: true);
            }
        }
    }

    /// <summary>Encrypts a sealed bundle anew, under a new key, for another secret. One chunk of it is open at a time,
    /// in memory only.</summary>
    /// <param name="path">The sealed file.</param>
    /// <param name="output">The file to make; it must not be there.</param>
    /// <param name="secret">What opens <paramref name="path"/>.</param>
    /// <param name="newSecret">What is to open <paramref name="output"/>.</param>
    /// <exception cref="SealException">As <see cref="Unseal"/>; there is no <paramref name="output"/> then.</exception>
    public static void Rekey(string path, string output, SealSecret secret, SealSecret newSecret)
    {
        ArgumentNullException.ThrowIfNull(secret);
        ArgumentNullException.ThrowIfNull(newSecret);
        using var input = OwnerFiles.Open(path);
        var (header, bytes) = SealHeader.Read(input, path);
        using var old = new SealChunks(secret.Unwrap(header.Lock), bytes);
        OwnerFiles.WriteBeside(output, target =>
        {
            using var chunks = Begin(@lock => header with { Lock = @lock }, newSecret, target);
            for (var i = 0; i < header.Files.Count; i++)
            {
                old.Recrypt(i, header.Files[i].Bytes, input, chunks, target);
            }

            RequireEnd(input, path);
        });
    }

    // A new key, wrapped into the header that its chunks are bound to.
    private static SealChunks Begin(Func<SealLock, SealHeader> header, SealSecret secret, Stream target)
    {
        var key = RandomNumberGenerator.GetBytes(PassphraseKey.KeyBytes);
        try
        {
            var bytes = header(secret.Wrap(key)).ToBytes();
            SealHeader.Write(target, bytes);
            return new SealChunks(key, bytes);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static void RequireEnd(Stream input, string path)
    {
        if (input.ReadByte() >= 0)
        {
            throw new SealException($"{path} has more bytes than were sealed");
        }
    }

    // Of what is read: a link has a length of its own.
    private static long LengthOf(string path)
    {
        using var file = OwnerFiles.Open(path);
        return file.Length;
    }

    private static (string Model, string Instance, int KeyEpoch) ReadManifest(string folder)
    {
        var path = Path.Combine(folder, BundleManifest.FileName);
        if (!File.Exists(path))
        {
            throw new SealException($"{folder} has no {BundleManifest.FileName}: a bundle is the folder client/");
        }

        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            var root = document.RootElement;
            return (
                root.GetProperty("model").GetString()!,
                root.GetProperty("instance").GetString()!,
                root.GetProperty("key_epoch").GetInt32());
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            throw new SealException($"{path} is not the JSON that is expected", fault);
        }
    }
}
