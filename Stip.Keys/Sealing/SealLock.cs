namespace Stip.Keys.Sealing;

/// <summary>How the key of a sealed bundle is wrapped.</summary>
/// <param name="Kind"><see cref="Passphrase"/> or <see cref="PublicKey"/>.</param>
/// <param name="Salt">Base64, 16 bytes.</param>
/// <param name="Iterations">Passphrase: rounds of PBKDF2-SHA-256.</param>
/// <param name="Ephemeral">Public key: the sender's one-time key, base64 of SubjectPublicKeyInfo.</param>
/// <param name="Nonce">Base64, 12 bytes.</param>
/// <param name="WrappedKey">Base64: the content key under AES-256-GCM, with its tag.</param>
public sealed record SealLock(
    string Kind, string Salt, int? Iterations, string? Ephemeral, string Nonce, string WrappedKey)
{
    /// <summary>PBKDF2-SHA-256 of a passphrase.</summary>
    public const string Passphrase = "passphrase";

    /// <summary>ECDH on P-256 with the user's key, HKDF-SHA-256.</summary>
    public const string PublicKey = "public-key";
}
