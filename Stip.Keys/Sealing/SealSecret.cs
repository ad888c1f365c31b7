using System.Security.Cryptography;

namespace Stip.Keys.Sealing;

/// <summary>What opens a sealed bundle: a passphrase, or an elliptic-curve key on P-256 (only its public half is needed
/// to seal).</summary>
/// <remarks><see cref="object.ToString"/> shows nothing of it.</remarks>
public sealed class SealSecret
{
    // OWASP's figure for PBKDF2 with SHA-256: about 0.2 s. A file that asks for far more is refused.
    private const int DefaultIterations = 600_000;
    private const int MostIterations = 10_000_000;
    private const int KeyBytes = 32;
    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly string? _passphrase;
    private readonly string? _pem;

    private SealSecret(string? passphrase, string? pem) => (_passphrase, _pem) = (passphrase, pem);

    /// <summary>A passphrase of at least 8 characters.</summary>
    /// <exception cref="SealException">It is shorter.</exception>
    public static SealSecret FromPassphrase(string passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        return passphrase.Length >= 8
            ? new SealSecret(passphrase, null)
            : throw new SealException($"the passphrase has {passphrase.Length} characters; at least 8 are needed");
    }

    /// <summary>A key in PEM: public (SubjectPublicKeyInfo) to seal, private (PKCS#8) to open.</summary>
    /// <exception cref="SealException">It is not a key on P-256.</exception>
    public static SealSecret FromPem(string pem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        using var key = Import(pem);
        return key.KeySize == 256 ? new SealSecret(null, pem) : throw new SealException("the key is not on P-256");
    }

    internal SealLock Wrap(ReadOnlySpan<byte> contentKey)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        using var own = _pem is null ? null : ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var theirs = _pem is null ? null : Import(_pem);
        var wrapping = own is null ? Derive(salt, DefaultIterations) : Agree(own, theirs!, salt);
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        var wrapped = new byte[contentKey.Length + TagBytes];
        using (var aes = new AesGcm(wrapping, TagBytes))
        {
            aes.Encrypt(nonce, contentKey, wrapped.AsSpan(..^TagBytes), wrapped.AsSpan(^TagBytes..));
        }

        CryptographicOperations.ZeroMemory(wrapping);
        return new SealLock(
            own is null ? SealLock.Passphrase : SealLock.PublicKey,
            Convert.ToBase64String(salt),
            own is null ? DefaultIterations : null,
            own is null ? null : Convert.ToBase64String(own.ExportSubjectPublicKeyInfo()),
            Convert.ToBase64String(nonce),
            Convert.ToBase64String(wrapped));
    }

    internal byte[] Unwrap(SealLock seal)
    {
        var isPassphrase = seal.Kind == SealLock.Passphrase;
        if (isPassphrase != (_pem is null))
        {
            throw new SealException(isPassphrase
                ? "the bundle is sealed by a passphrase, a key was given"
                : "the bundle is sealed to a public key, a passphrase was given");
        }

        try
        {
            var salt = Convert.FromBase64String(seal.Salt);
            var wrapping = isPassphrase ? Derive(salt, seal.Iterations ?? 0) : Agree(seal.Ephemeral, salt);
            var wrapped = Convert.FromBase64String(seal.WrappedKey);
            var key = new byte[KeyBytes];
            using (var aes = new AesGcm(wrapping, TagBytes))
            {
                var nonce = Convert.FromBase64String(seal.Nonce);
                aes.Decrypt(nonce, wrapped.AsSpan(..^TagBytes), wrapped.AsSpan(^TagBytes..), key);
            }

            CryptographicOperations.ZeroMemory(wrapping);
            return key;
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException or ArgumentException)
        {
            throw new SealException("the bundle does not open: wrong passphrase or key, or a damaged file", fault);
        }
    }

    private static ECDiffieHellman Import(string pem)
    {
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception fault) when (fault is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new SealException("the key is not a PEM of an elliptic-curve key", fault);
        }
    }

    private byte[] Derive(byte[] salt, int iterations) => iterations is >= 1 and <= MostIterations
        ? Rfc2898DeriveBytes.Pbkdf2(_passphrase!, salt, iterations, HashAlgorithmName.SHA256, KeyBytes)
        : throw new SealException($"{iterations} iterations are outside 1..{MostIterations}");

    private byte[] Agree(string? ephemeral, byte[] salt)
    {
        using var theirs = ECDiffieHellman.Create();
        theirs.ImportSubjectPublicKeyInfo(Convert.FromBase64String(ephemeral ?? ""), out _);
        using var mine = Import(_pem!);
        return Agree(mine, theirs, salt);
    }

    private static byte[] Agree(ECDiffieHellman own, ECDiffieHellman other, byte[] salt)
    {
        var shared = own.DeriveRawSecretAgreement(other.PublicKey);
        var key = HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, KeyBytes, salt, "stip-sealed/1"u8.ToArray());
        CryptographicOperations.ZeroMemory(shared);
        return key;
    }
}
