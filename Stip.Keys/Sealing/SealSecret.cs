using System.Security.Cryptography;

namespace Stip.Keys.Sealing;

/// <summary>What opens a sealed bundle: a passphrase, or an elliptic-curve key on P-256 (only its public half is needed
/// to seal).</summary>
/// <remarks><see cref="object.ToString"/> shows nothing of it.</remarks>
public sealed class SealSecret
{
    private const int LeastCharacters = 8;

    private readonly string? _passphrase;
    private readonly string? _pem;

    private SealSecret(string? passphrase, string? pem) => (_passphrase, _pem) = (passphrase, pem);

    /// <summary>A passphrase of at least 8 characters.</summary>
    /// <exception cref="SealException">It is shorter.</exception>
    public static SealSecret FromPassphrase(string passphrase)
    {
        ArgumentNullException.ThrowIfNull(passphrase);
        return passphrase.Length >= LeastCharacters
            ? new SealSecret(passphrase, null)
            : throw new SealException(
                $"the passphrase has {passphrase.Length} characters; at least {LeastCharacters} are needed");
    }

    /// <summary>A key in PEM: public (SubjectPublicKeyInfo) to seal, private (PKCS#8) to open.</summary>
    /// <exception cref="SealException">It is not a key on P-256.</exception>
    public static SealSecret FromPem(string pem)
    {
        ArgumentNullException.ThrowIfNull(pem);
        using var key = UserKey.FromPem(pem);
        return new SealSecret(null, pem);
    }

    internal SealLock Wrap(ReadOnlySpan<byte> contentKey)
    {
        var salt = RandomNumberGenerator.GetBytes(PassphraseKey.SaltBytes);
        using var own = _pem is null ? null : ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        using var theirs = _pem is null ? null : UserKey.FromPem(_pem);
        var wrapping = own is null
            ? PassphraseKey.Derive(_passphrase!, salt, PassphraseKey.DefaultIterations)
            : UserKey.Agree(own, theirs!, salt);
        var nonce = RandomNumberGenerator.GetBytes(PassphraseKey.NonceBytes);
        var wrapped = new byte[contentKey.Length + PassphraseKey.TagBytes];
        try
        {
            using var aes = new AesGcm(wrapping, PassphraseKey.TagBytes);
            aes.Encrypt(nonce, contentKey, wrapped.AsSpan(..contentKey.Length), wrapped.AsSpan(contentKey.Length..));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrapping);
        }

        return new SealLock(
            own is null ? SealLock.Passphrase : SealLock.PublicKey,
            Convert.ToBase64String(salt),
            own is null ? PassphraseKey.DefaultIterations : null,
            own is null ? null : Convert.ToBase64String(own.ExportSubjectPublicKeyInfo()),
            Convert.ToBase64String(nonce),
            Convert.ToBase64String(wrapped));
    }

    /// <returns>The content key; whoever gets it zeroes it after use.</returns>
    internal byte[] Unwrap(SealLock seal)
    {
        var isPassphrase = seal.Kind == SealLock.Passphrase;
        if (isPassphrase != (_pem is null))
        {
            throw new SealException(isPassphrase
                ? "the bundle is sealed by a passphrase, a key was given"
                : "the bundle is sealed to a public key, a passphrase was given");
        }

        byte[] wrapping = [];
        var key = new byte[PassphraseKey.KeyBytes];
        try
        {
            var salt = Convert.FromBase64String(seal.Salt);
            wrapping = isPassphrase ? Derive(salt, seal.Iterations ?? 0) : Agree(seal.Ephemeral ?? "", salt);
            var wrapped = Convert.FromBase64String(seal.WrappedKey).AsSpan();
            using var aes = new AesGcm(wrapping, PassphraseKey.TagBytes);
            var nonce = Convert.FromBase64String(seal.Nonce);
            aes.Decrypt(nonce, wrapped[..^PassphraseKey.TagBytes], wrapped[^PassphraseKey.TagBytes..], key);
            return key;
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException or ArgumentException)
        {
            throw new SealException("the bundle does not open: wrong passphrase or key, or a damaged file", fault);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(wrapping);
        }
    }

    private byte[] Derive(byte[] salt, int iterations) => PassphraseKey.Allows(iterations)
        ? PassphraseKey.Derive(_passphrase!, salt, iterations)
        : throw new SealException($"{iterations} iterations are outside 1..{PassphraseKey.MostIterations}");

    private byte[] Agree(string ephemeral, byte[] salt)
    {
        using var theirs = UserKey.FromBase64(ephemeral);
        using var mine = UserKey.FromPem(_pem!);
        return UserKey.Agree(mine, theirs, salt);
    }
}
