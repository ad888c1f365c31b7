using System.Security.Cryptography;
using System.Text.Json;
using Stip.Keys.Permutations;

namespace Stip.Keys.Owner;

/// <summary>
/// The developer's own keys: <c>owner.json</c> and <c>keys.safetensors</c>, readable by their owner only.
/// </summary>
public static class OwnerStore
{
    /// <summary>Environment variable whose passphrase encrypts the keys at rest.</summary>
    public const string PassphraseVariable = "STIP_OWNER_PASSPHRASE";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Writes a set of keys into a folder that is made for it.</summary>
    /// <param name="folder">The folder, made with mode 0700 where it is not there.</param>
    /// <param name="manifest">What the keys belong to.</param>
    /// <param name="permutations">The permutations that the manifest numbers.</param>
    /// <param name="passphrase">Encrypts the permutations (AES-256-GCM, PBKDF2); null leaves them in the clear.</param>
    public static void Save(
        string folder, OwnerManifest manifest, IReadOnlyList<Permutation> permutations, string? passphrase = null)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        MakeFolder(folder);
        var bytes = PermutationFile.Format(permutations);
        KeyEncryption? encryption = null;
        if (!string.IsNullOrEmpty(passphrase))
        {
            var plain = bytes;
            (encryption, bytes) = KeyEncryption.Seal(plain, passphrase);
            CryptographicOperations.ZeroMemory(plain);
        }

        Write(Path.Combine(folder, OwnerManifest.KeysFileName), bytes);
        Write(
            Path.Combine(folder, OwnerManifest.FileName),
            JsonSerializer.SerializeToUtf8Bytes(manifest with { Encryption = encryption }, OwnerJson.Options));
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <param name="folder">The owner folder.</param>
    /// <param name="passphrase">Needed where the keys are encrypted.</param>
    /// <exception cref="FileNotFoundException">The folder holds no keys.</exception>
    /// <exception cref="InvalidDataException">The files are damaged, of another format, or the passphrase is
    /// wrong.</exception>
    public static (OwnerManifest Manifest, IReadOnlyList<Permutation> Permutations) Load(
        string folder, string? passphrase = null)
    {
        var path = Path.Combine(folder, OwnerManifest.FileName);
        var manifest = ReadManifest(path);
        if (manifest.Format != OwnerManifest.CurrentFormat)
        {
            throw new InvalidDataException(
                $"{path}: format '{manifest.Format}' is not '{OwnerManifest.CurrentFormat}'");
        }

        var bytes = File.ReadAllBytes(Path.Combine(folder, OwnerManifest.KeysFileName));
        if (manifest.Encryption is { } encryption)
        {
            bytes = string.IsNullOrEmpty(passphrase)
                ? throw new InvalidDataException($"{path}: the keys are encrypted; set {PassphraseVariable}")
                : encryption.Open(bytes, passphrase);
        }

        try
        {
            return (manifest, PermutationFile.Parse(bytes));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static OwnerManifest ReadManifest(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<OwnerManifest>(File.ReadAllBytes(path), OwnerJson.Options)
                ?? throw new InvalidDataException($"{path}: empty");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"{path}: not an owner manifest", e);
        }
    }

    private static void MakeFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        }
    }

    private static void Write(string path, byte[] bytes)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using var stream = new FileStream(path, options);
        stream.Write(bytes);
    }
}
