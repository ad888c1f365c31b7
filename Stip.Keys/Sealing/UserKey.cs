using System.Security.Cryptography;

namespace Stip.Keys.Sealing;

/// <summary>A user's elliptic-curve key on P-256, and the key that two of them agree on.</summary>
internal static class UserKey
{
    // Other curves have 256 bits too (secp256k1, brainpoolP256r1): the curve is judged by its name.
    private const string P256 = "1.2.840.10045.3.1.7";
    private static readonly string[] P256Names = ["nistP256", "ECDH_P256", "ECDSA_P256"];

    /// <param name="pem">Public (SubjectPublicKeyInfo) or private (PKCS#8).</param>
    /// <exception cref="SealException">It is no key on P-256.</exception>
    public static ECDiffieHellman FromPem(string pem)
    {
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportFromPem(pem);
        }
        catch (Exception fault) when (fault is ArgumentException or CryptographicException)
        {
            key.Dispose();
            throw new SealException("the key is not a PEM of an elliptic-curve key", fault);
        }

        return OnP256(key);
    }

    /// <param name="publicKey">Base64 of SubjectPublicKeyInfo.</param>
    /// <exception cref="SealException">It is no key on P-256.</exception>
    public static ECDiffieHellman FromBase64(string publicKey)
    {
        var key = ECDiffieHellman.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(publicKey), out _);
        }
        catch (Exception fault) when (fault is FormatException or CryptographicException)
        {
            key.Dispose();
            throw new SealException("the bundle's one-time key is not an elliptic-curve key", fault);
        }

        return OnP256(key);
    }

    /// <returns>The key; whoever gets it zeroes it after use.</returns>
    public static byte[] Agree(ECDiffieHellman own, ECDiffieHellman other, byte[] salt)
    {
        var shared = own.DeriveRawSecretAgreement(other.PublicKey);
        try
        {
            return HKDF.DeriveKey(
                HashAlgorithmName.SHA256, shared, PassphraseKey.KeyBytes, salt, "stip-sealed/1"u8.ToArray());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(shared);
        }
    }

    private static ECDiffieHellman OnP256(ECDiffieHellman key)
    {
        var curve = key.ExportParameters(includePrivateParameters: false).Curve;
        if (curve.IsNamed && (curve.Oid.Value == P256 || P256Names.Contains(curve.Oid.FriendlyName)))
        {
            return key;
        }

        var name = curve.IsNamed ? curve.Oid.FriendlyName ?? curve.Oid.Value : $"a curve of {key.KeySize} bits";
        key.Dispose();
        throw new SealException($"the key is on {name}; allowed is P-256");
    }
}
