using System.Security.Cryptography;
using System.Text;

namespace Stip.Protocol.Packages;

/// <summary>The fingerprint of a package: SHA-256 over its file list, sorted by path.</summary>
public static class PackageFingerprint
{
    /// <summary>Hashes the lines <c>path bytes sha256\n</c> in ordinal order of the paths.</summary>
    /// <returns>Lower-case hexadecimal.</returns>
    public static string Compute(IEnumerable<PackageFile> files)
    {
        var lines = files.OrderBy(file => file.Path, StringComparer.Ordinal)
            .Select(file => FormattableString.Invariant($"{file.Path} {file.Bytes} {file.Sha256}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(lines))));
    }
}
