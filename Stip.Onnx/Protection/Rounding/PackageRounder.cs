using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Keys.Owner;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection.Rounding;

/// <summary>
/// Rounds the server's graphs of a finished package in place, and restates its papers. Rounding comes after the
/// transform, so that any transform is possible; the package was compared with the plain model before.
/// </summary>
internal static class PackageRounder
{
    /// <param name="packageFolder">The package, all three parts.</param>
    /// <param name="kind">How far to round.</param>
    /// <param name="passphrase">Opens and encrypts the owner's keys.</param>
    /// <exception cref="RefusedException">A graph has no matrix that can be rounded.</exception>
    public static void Round(string packageFolder, WeightRounding kind, string? passphrase)
    {
        var cloud = Path.Combine(packageFolder, PackageFolder.Cloud);
        var package = PackageFolder.ReadCloud(packageFolder);
        PackageFile[] hashed = [.. package.Graphs.Values.SelectMany(
            graph => GraphRounder.Round(Path.Combine(cloud, graph.File), kind))];
        var files = CloudFiles.DescribeAll(cloud, hashed);
        var fingerprint = PackageFingerprint.Compute(files);
        Write(
            Path.Combine(cloud, PackageManifest.FileName),
            package with { Files = files, Fingerprint = fingerprint, Quantization = NameOf(kind) });
        Write(
            Path.Combine(packageFolder, PackageFolder.Client, BundleManifest.FileName),
            PackageFolder.ReadClient(packageFolder) with { Fingerprint = fingerprint });
        var owner = Path.Combine(packageFolder, PackageFolder.Owner);
        var (manifest, permutations) = OwnerStore.Load(owner, passphrase);
        Directory.Delete(owner, recursive: true);
        OwnerStore.Save(owner, manifest with { Fingerprint = fingerprint }, permutations, passphrase);
    }

    /// <summary>How a package's manifest says that its matrices were rounded.</summary>
    public static string NameOf(WeightRounding kind) => kind == WeightRounding.Int4 ? "int4" : "int8";

    /// <summary>How a package says its matrices were rounded.</summary>
    public static WeightRounding KindOf(PackageManifest package) => package.Quantization switch
    {
        null => WeightRounding.None,
        "int4" => WeightRounding.Int4,
        "int8" => WeightRounding.Int8,
        var other => throw new RefusedException(
            $"{PackageManifest.FileName} says quantization '{other}'; there are int4 and int8"),
    };

    private static void Write<T>(string path, T manifest) =>
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(manifest, StipJson.File));
}
