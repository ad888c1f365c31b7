using System.Security.Cryptography;

namespace Stip.Keys.Sealing;

/// <summary>How a passphrase becomes a key of AES-256-GCM, wherever keys are encrypted at rest:
/// PBKDF2-SHA-256.</summary>
internal static class PassphraseKey
{
    /// <summary>OWASP's figure for PBKDF2 with SHA-256: about 0.2 s.</summary>
    public const int DefaultIterations = 600_000;

    /// <summary>A file that asks for more is refused before it burns the time.</summary>
    public const int MostIterations = 10_000_000;

    public const int KeyBytes = 32;
    public const int SaltBytes = 16;
    public const int NonceBytes = 12;
    public const int TagBytes = 16;

    public static bool Allows(int iterations) => iterations is >= 1 and <= MostIterations;

    /// <returns>The key; whoever gets it zeroes it after use.</returns>
    public static byte[] Derive(string passphrase, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(passphrase, salt, iterations, HashAlgorithmName.SHA256, KeyBytes);
}
