using System.Security.Cryptography;
using System.Text;

namespace Stip.Api.Registry.ApiKeys;

/// <summary>Values of keys: 32 random bytes, so that a plain hash is enough to store.</summary>
internal static class ApiKeyValue
{
    /// <summary>Of the longest value that is looked at.</summary>
    public const int MostCharacters = 512;

    private const int ValueBytes = 32;
    private const int ShownCharacters = 4;

    /// <summary>A new value; it shows which key it belongs to.</summary>
    public static string Make(string id) =>
        $"stip_{id[(id.IndexOf('_', StringComparison.Ordinal) + 1)..]}_"
        + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(ValueBytes));

    public static string Redact(string value) => "stip_…" + value[^ShownCharacters..];

    /// <summary>Hexadecimal SHA-256.</summary>
    public static string Hash(string value) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(value)));

    /// <summary>Compares two hashes in a time that does not depend on where they differ.</summary>
    public static bool AreEqual(string hash, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(hash), Encoding.ASCII.GetBytes(other));
}
