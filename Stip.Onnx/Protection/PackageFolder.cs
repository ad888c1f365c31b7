using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>The three folders of a protected package.</summary>
public static class PackageFolder
{
    /// <summary>Folder that goes to the server.</summary>
    public const string Cloud = "cloud";

    /// <summary>Folder that goes to users.</summary>
    public const string Client = "client";

    /// <summary>Folder that stays with the developer.</summary>
    public const string Owner = "owner";

    /// <summary>True for a folder that <c>protect</c> wrote, or its cloud part.</summary>
    public static bool IsPackage(string folder) =>
        File.Exists(Path.Combine(folder, Cloud, PackageManifest.FileName))
        || File.Exists(Path.Combine(folder, PackageManifest.FileName));

    /// <summary>Reads <c>cloud/stip.json</c>.</summary>
    /// <exception cref="RefusedException">It is missing or damaged.</exception>
    public static PackageManifest ReadCloud(string folder) => ReadManifest(Path.Combine(folder, Cloud));

    /// <summary>The cloud part of a package, given the package or that part itself.</summary>
    internal static string CloudOf(string folder) =>
        File.Exists(Path.Combine(folder, PackageManifest.FileName)) ? folder : Path.Combine(folder, Cloud);

    /// <summary>Reads <c>stip.json</c> of a cloud part.</summary>
    internal static PackageManifest ReadManifest(string cloud) => Read<PackageManifest>(
        Path.Combine(cloud, PackageManifest.FileName),
        manifest => manifest is { Model: not null, Fingerprint: not null, Files: not null, Graphs.Count: > 0 }
            && manifest.Graphs.Values.All(
                graph => graph is { File.Length: > 0, Inputs: not null, Outputs: not null }));

    /// <summary>Reads <c>client/bundle.json</c>.</summary>
    /// <exception cref="RefusedException">It is missing or damaged.</exception>
    public static BundleManifest ReadClient(string folder) =>
        Read<BundleManifest>(
            Path.Combine(folder, Client, BundleManifest.FileName),
            bundle => bundle is
            { Model: not null, Fingerprint: not null, Kind: not null, Embedding.Tensors: not null });

    private static T Read<T>(string path, Predicate<T> isWhole)
        where T : class
    {
        if (!File.Exists(path))
        {
            throw new RefusedException($"'{path}' is missing; give a folder that protect wrote");
        }

        try
        {
            var manifest = JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), StipJson.File)
                ?? throw new RefusedException($"'{path}' is empty");
            return isWhole(manifest) ? manifest : throw new RefusedException(
                $"'{path}' lacks fields of a manifest; give a folder that protect wrote");
        }
        catch (JsonException e)
        {
            throw new RefusedException($"'{path}' is not a manifest: {e.Message}", e);
        }
    }
}
