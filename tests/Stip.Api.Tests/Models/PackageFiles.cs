using System.Security.Cryptography;
using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Api.Tests.Models;

/// <summary>Lists the files of a package folder in its manifest.</summary>
internal static class PackageFiles
{
    public static PackageManifest Describe(string folder, PackageManifest manifest)
    {
        var files = Directory.GetFiles(folder).Where(path => Path.GetFileName(path) != PackageManifest.FileName)
            .Order(StringComparer.Ordinal).Select(Of).ToArray();
        return Write(folder, manifest with { Files = files, Fingerprint = PackageFingerprint.Compute(files) });
    }

    public static PackageManifest Write(string folder, PackageManifest manifest)
    {
        File.WriteAllBytes(
            Path.Combine(folder, PackageManifest.FileName),
            JsonSerializer.SerializeToUtf8Bytes(manifest, StipJson.File));
        return manifest;
    }

    public static PackageFile Of(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return new PackageFile(Path.GetFileName(path), bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }
}
