using System.Text.Json;
using Stip.Protocol;
using Stip.Protocol.Packages;

namespace Stip.DeveloperPortal.Tests.Packages;

internal static class SomePackage
{
    public static void WriteTo(string folder, string model, string fileContent = "weights", long? claimedBytes = null)
    {
        var cloud = Directory.CreateDirectory(Path.Combine(folder, "cloud")).FullName;
        File.WriteAllText(Path.Combine(cloud, "model.onnx"), fileContent);
        PackageFile[] files = [new("model.onnx", claimedBytes ?? fileContent.Length, new string('0', 64))];
        var manifest = new PackageManifest(
            PackageManifest.CurrentProtocol, model, "0123", 1, "permutation", "full", PackageFingerprint.Compute(files),
            256, 2048, 1024, "bfloat16", 1024, new Dictionary<string, GraphManifest>(), files);
        File.WriteAllText(
            Path.Combine(cloud, PackageManifest.FileName), JsonSerializer.Serialize(manifest, StipJson.File));
    }
}
