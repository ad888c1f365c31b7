using System.Security.Cryptography;

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
    private const int KeyBytes = 32;
    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    // OWASP's figure for PBKDF2 with SHA-256; a file that asks for far more is refused before it burns the time.
    private const int DefaultIterations = 600_000;
    private const int MostIterations = 10_000_000;

    internal static (KeyEncryption Encryption, byte[] Sealed) Seal(ReadOnlySpan<byte> plain, string passphrase)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        var nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        var tag = new byte[TagBytes];
        var cipher = new byte[plain.Length];
        using var aes = new AesGcm(Derive(passphrase, salt, DefaultIterations), TagBytes);
        aes.Encrypt(nonce, plain, cipher, tag);
        var encryption = new KeyEncryption(
            AesGcmName,
            Pbkdf2Name,
            DefaultIterations,
            Convert.ToBase64String(salt),
            Convert.ToBase64String(nonce),
            Convert.ToBase64String(tag));
        return (encryption, cipher);
    }

    internal byte[] Open(ReadOnlySpan<byte> cipher, string passphrase)
    {
        if (Cipher != AesGcmName || Kdf != Pbkdf2Name || Iterations is < 1 or > MostIterations)
        {
            throw new InvalidDataException(
                $"encryption '{Cipher}' with '{Kdf}' of {Iterations} iterations is not {AesGcmName} with {Pbkdf2Name} "
                + $"of 1..{MostIterations}");
        }

        try
        {
            var plain = new byte[cipher.Length];
            using var aes = new AesGcm(Derive(passphrase, Convert.FromBase64String(Salt), Iterations), TagBytes);
            aes.Decrypt(Convert.FromBase64String(Nonce), cipher, Convert.FromBase64String(Tag), plain);
            return plain;
        }
        catch (Exception e) when (e is CryptographicException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("the keys do not open: wrong passphrase, or a damaged file", e);
        }
    }

    private static byte[] Derive(string passphrase, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, iterations, HashAlgorithmName.SHA256, KeyBytes);
}
