using System.Security.Cryptography;
using System.Text.Json;
using Stip.Onnx;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Export.Pushing;

/// <summary>The part of a protected package that goes to the server.</summary>
/// <param name="Path">Folder that holds stip.json.</param>
/// <param name="Manifest">stip.json.</param>
/// <param name="Files">Everything to send: what the manifest lists, and the manifest itself last.</param>
internal sealed record CloudFolder(string Path, PackageManifest Manifest, IReadOnlyList<PackageFile> Files)
{
    private const string CloudPart = "cloud";

    /// <summary>Bytes of all files.</summary>
    public long TotalBytes => Files.Sum(file => file.Bytes);

    /// <summary>Opens the output of protect, or its cloud folder.</summary>
    public static CloudFolder Open(string folder)
    {
        var candidates = new[] { System.IO.Path.Combine(folder, CloudPart), folder };
        var path = Array.Find(candidates, place => File.Exists(System.IO.Path.Combine(place, PackageManifest.FileName)))
            ?? throw new RefusedException(
                $"{folder} has no {PackageManifest.FileName}, neither itself nor in {CloudPart}/; give a folder "
                + "that protect wrote");
        var bytes = File.ReadAllBytes(System.IO.Path.Combine(path, PackageManifest.FileName));
        var manifest = Parse(bytes);
        foreach (var file in manifest.Files)
        {
            RefuseChanged(path, file);
        }

        var self = new PackageFile(
            PackageManifest.FileName, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        return new CloudFolder(path, manifest, [.. manifest.Files, self]);
    }

    /// <summary>Where a file lies.</summary>
    public string PathOf(PackageFile file) => System.IO.Path.Combine(Path, file.Path);

    private static PackageManifest Parse(byte[] bytes)
    {
        try
        {
            return JsonSerializer.Deserialize<PackageManifest>(bytes, StipJson.File)
                is not { Protocol: PackageManifest.CurrentProtocol, Files: not null } manifest
                ? throw new RefusedException(
                    $"{PackageManifest.FileName} is not of protocol {PackageManifest.CurrentProtocol}")
                : manifest is { Model.Length: > 0, Fingerprint.Length: > 0 }
                    && manifest.Files.All(file => file is { Path.Length: > 0, Sha256.Length: > 0 })
                ? manifest
                : throw new RefusedException(
                    $"{PackageManifest.FileName} is not a manifest: a model, its fingerprint and the path and digest "
                    + "of each file are needed");
        }
        catch (JsonException e)
        {
            throw new RefusedException($"{PackageManifest.FileName} is not a manifest: {e.Message}", e);
        }
    }

    private static void RefuseChanged(string folder, PackageFile file)
    {
        if (System.IO.Path.IsPathRooted(file.Path) || file.Path.Split('/', '\\').Contains(".."))
        {
            throw new RefusedException(
                $"{PackageManifest.FileName} lists {file.Path}, which is not inside the cloud folder");
        }

        var path = System.IO.Path.Combine(folder, file.Path);
        var length = File.Exists(path) ? LengthOf(path) : (long?)null;
        if (length != file.Bytes)
        {
            throw new RefusedException($"{PackageManifest.FileName} lists {file.Path} with {file.Bytes} bytes; "
                + (length is null ? "it is not there" : $"it has {length}"));
        }
    }

    // Of what a link points at, where the file is one.
    private static long LengthOf(string path)
    {
        using var handle = File.OpenHandle(path);
        return RandomAccess.GetLength(handle);
    }
}
