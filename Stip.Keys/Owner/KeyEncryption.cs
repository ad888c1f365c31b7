using System.Security.Cryptography;
using Stip.Keys.Sealing;

namespace Stip.Keys.Owner;

/// <summary>
/// How a key file is encrypted: AES-256-GCM under a key that PBKDF2-SHA-256 derives from a passphrase.
/// </summary>
/// <param name="Cipher">Always <c>aes-256-gcm</c>.</param>
/// <param name="Kdf">Always <c>pbkdf2-sha256</c>.</param>
/// <param name="Iterations">Rounds of the derivation.</param>
/// <param name="Salt">Base64, 16 bytes.</param>
/// <param name="Nonce">Base64, 12 bytes.</param>
/// <param name="Tag">Base64, 16 bytes.</param>
public sealed record KeyEncryption(string Cipher, string Kdf, int Iterations, string Salt, string Nonce, string Tag)
{
    private const string AesGcmName = "aes-256-gcm";
    private const string Pbkdf2Name = "pbkdf2-sha256";

    internal static (KeyEncryption Encryption, byte[] Sealed) Seal(ReadOnlySpan<byte> plain, string passphrase)
    {
        var salt = RandomNumberGenerator.GetBytes(PassphraseKey.SaltBytes);
        var nonce = RandomNumberGenerator.GetBytes(PassphraseKey.NonceBytes);
        var tag = new byte[PassphraseKey.TagBytes];
        var cipher = new byte[plain.Length];
        var key = PassphraseKey.Derive(passphrase, salt, PassphraseKey.DefaultIterations);
        using (var aes = new AesGcm(key, PassphraseKey.TagBytes))
        {
            CryptographicOperations.ZeroMemory(key);
            aes.Encrypt(nonce, plain, cipher, tag);
        }

        var encryption = new KeyEncryption(
            AesGcmName,
            Pbkdf2Name,
            PassphraseKey.DefaultIterations,
            Convert.ToBase64String(salt),
            Convert.ToBase64String(nonce),
            Convert.ToBase64String(tag));
        return (encryption, cipher);
    }

    internal byte[] Open(ReadOnlySpan<byte> cipher, string passphrase)
    {
        if (Cipher != AesGcmName || Kdf != Pbkdf2Name || !PassphraseKey.Allows(Iterations))
        {
            throw new InvalidDataException(
                $"encryption '{Cipher}' with '{Kdf}' of {Iterations} iterations is not {AesGcmName} with {Pbkdf2Name} "
                + $"of 1..{PassphraseKey.MostIterations}");
        }

        try
        {
            var plain = new byte[cipher.Length];
            var key = PassphraseKey.Derive(passphrase, Convert.FromBase64String(Salt), Iterations);
            using var aes = new AesGcm(key, PassphraseKey.TagBytes);
            CryptographicOperations.ZeroMemory(key);
            aes.Decrypt(Convert.FromBase64String(Nonce), cipher, Convert.FromBase64String(Tag), plain);
            return plain;
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("the keys do not open: wrong passphrase, or a damaged file", e);
        }
    }
}
