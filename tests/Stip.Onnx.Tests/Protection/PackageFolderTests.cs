using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Manifests that are JSON and not whole: one line, and not a crash where a field is first asked
/// for.</summary>
public sealed class PackageFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"model":"m","fingerprint":"f","files":[],"graphs":{}}""")]
    [InlineData("""{"model":"m","fingerprint":"f","files":[],"graphs":{"decoder":null}}""")]
    public void ReadCloud_OfAManifestThatLacksFields_IsRefused(string json)
    {
        Directory.CreateDirectory(_folder.At("cloud"));
        File.WriteAllText(_folder.At("cloud", "stip.json"), json);

        var refusal = Assert.Throws<RefusedException>(() => PackageFolder.ReadCloud(_folder.Path));

        Assert.Equal(
            $"'{_folder.At("cloud", "stip.json")}' lacks fields of a manifest; give a folder that protect wrote",
            refusal.Message);
    }

    [Fact]
    public void ReadClient_OfAManifestThatLacksFields_IsRefused()
    {
        Directory.CreateDirectory(_folder.At("client"));
        File.WriteAllText(_folder.At("client", "bundle.json"), """{"model":"m","fingerprint":"f","kind":"decoder"}""");

        Assert.Contains(
            "lacks fields of a manifest",
            Assert.Throws<RefusedException>(() => PackageFolder.ReadClient(_folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void ReadManifest_OfAnExportThatLacksFields_IsRefused()
    {
        File.WriteAllText(_folder.At("export.json"), """{"format":"stip-export/1","model":"m"}""");

        Assert.Contains(
            "lacks fields of a manifest",
            Assert.Throws<RefusedException>(() => ExportFolder.ReadManifest(_folder.Path)).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
