using System.Text.Json;
using Stip.Keys.Bundles;
using Stip.Onnx.Packages;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.Onnx.Protection;

/// <summary>Writes the client's folder.</summary>
internal static class ClientFiles
{
    /// <summary>
    /// Copies what a client needs as it is: the small files beside the graph, without the manifest of export.
    /// </summary>
    public static void CopySmallFiles(PlainModel plain, string folder)
    {
        string[] skipped = [ExportManifest.FileName, BundleManifest.EmbeddingFileName];
        foreach (var file in new DirectoryInfo(plain.Folder).EnumerateFiles())
        {
            if (file.Extension is ".json" or ".jinja" or ".model" or ".txt" && !skipped.Contains(file.Name))
            {
                File.WriteAllBytes(Path.Combine(folder, file.Name), File.ReadAllBytes(file.FullName));
            }
        }
    }

    /// <summary>Writes <c>bundle.json</c>, which binds the bundle to one cloud package.</summary>
    public static void WriteManifest(PlainModel plain, PackageManifest package, string folder)
    {
        var manifest = plain.Manifest;
        var bundle = new BundleManifest(
            package.Protocol,
            package.Model,
            package.Instance,
            package.KeyEpoch,
            package.Mode,
            package.Fingerprint,
            manifest.Kind,
            manifest.HiddenSize,
            manifest.VocabSize,
            manifest.ContextLength,
            manifest.WireDtype,
            manifest.BosTokenId,
            manifest.EosTokenIds,
            manifest.Embedding)
        {
            ClientGraphs = manifest.ClientGraphs,
            Labels = manifest.Labels,
            LabelScores = manifest.LabelScores,
            Pooling = manifest.Pooling,
            Normalize = manifest.Normalize,
            ImageTokenId = manifest.ImageTokenId,
        };
        File.WriteAllBytes(
            Path.Combine(folder, BundleManifest.FileName), JsonSerializer.SerializeToUtf8Bytes(bundle, StipJson.File));
    }
}
