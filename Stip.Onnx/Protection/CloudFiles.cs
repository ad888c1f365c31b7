using System.Security.Cryptography;
using System.Text.Json;
using Stip.Onnx.Packages;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Writes what the server reads of a package.</summary>
internal static class CloudFiles
{
    private const int MostUsefulTopK = 1024;

    /// <summary>Hashes the files of the cloud folder and writes <c>stip.json</c> over them.</summary>
    /// <param name="manifest">The plain model as the client's part was written.</param>
    /// <param name="options">What the package is to be.</param>
    /// <param name="instance">Id of the set of keys.</param>
    /// <param name="model">Id of the model.</param>
    /// <param name="folder">The cloud folder.</param>
    /// <param name="hashed">Files that were hashed while they were written.</param>
    public static PackageManifest WriteManifest(
        ExportManifest manifest,
        ProtectionOptions options,
        string instance,
        string model,
        string folder,
        IReadOnlyList<PackageFile> hashed)
    {
        var files = DescribeAll(folder, hashed);
        var package = new PackageManifest(
            PackageManifest.CurrentProtocol,
            model,
            instance,
            KeyEpoch: 1,
            options.ModeName,
            options.Verify.ToString().ToLowerInvariant(),
            PackageFingerprint.Compute(files),
            manifest.HiddenSize,
            manifest.VocabSize,
            manifest.ContextLength,
            manifest.WireDtype,
            Math.Min(manifest.VocabSize, MostUsefulTopK),
            manifest.Graphs,
            files)
        {
            SourceLength = manifest.SourceLength,
        };
        File.WriteAllBytes(
            Path.Combine(folder, PackageManifest.FileName),
            JsonSerializer.SerializeToUtf8Bytes(package, StipJson.File));
        return package;
    }

    /// <summary>The files of a cloud folder with their digests, but for <c>stip.json</c>.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="hashed">Files that were hashed while they were written.</param>
    public static PackageFile[] DescribeAll(string folder, IReadOnlyList<PackageFile> hashed) =>
    [
        .. Directory.EnumerateFiles(folder).Where(path => Path.GetFileName(path) != PackageManifest.FileName)
            .Order(StringComparer.Ordinal)
            .Select(path => hashed.FirstOrDefault(file => file.Path == Path.GetFileName(path)) ?? Describe(path)),
    ];

    private static PackageFile Describe(string path)
    {
        using var stream = File.OpenRead(path);
        return new PackageFile(
            Path.GetFileName(path), stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)));
    }
}
