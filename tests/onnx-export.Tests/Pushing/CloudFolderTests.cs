using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Pushing;
using Stip.Onnx;
using Stip.Protocol;
using Stip.Protocol.Packages;
using Stip.TestKit;

namespace Stip.Export.Tests.Pushing;

/// <summary>What is no whole package is refused before anything is sent.</summary>
public sealed class CloudFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public CloudFolderTests()
    {
        var weights = new byte[450];
        Directory.CreateDirectory(_folder.At("cloud"));
        File.WriteAllBytes(_folder.At("cloud", "model.onnx.data"), weights);
        var file = new PackageFile(
            "model.onnx.data", weights.Length, Convert.ToHexStringLower(SHA256.HashData(weights)));
        var manifest = new PackageManifest(
            PackageManifest.CurrentProtocol, "fables", "i", 1, "permutation", "full", "f", 1, 1, 1, "float32", 1,
            new Dictionary<string, GraphManifest>(), [file]);
        File.WriteAllBytes(
            _folder.At("cloud", "stip.json"), JsonSerializer.SerializeToUtf8Bytes(manifest, StipJson.File));
    }

    [Fact]
    public void Open_OfAPackageWhoseFilesChanged_IsRefused()
    {
        File.AppendAllText(_folder.At("cloud", "model.onnx.data"), "x");

        var refusal = Assert.Throws<RefusedException>(() => CloudFolder.Open(_folder.Path));

        Assert.Equal("stip.json lists model.onnx.data with 450 bytes; it has 451", refusal.Message);
    }

    [Theory]
    [InlineData("model", "null")]
    [InlineData("fingerprint", "\"\"")]
    [InlineData("files", "[null]")]
    [InlineData("files", """[{"path":"model.onnx.data","bytes":450}]""")]
    public void Open_OfAManifestThatLacksSomething_IsRefused(string field, string value)
    {
        var manifest = JsonNode.Parse(File.ReadAllBytes(_folder.At("cloud", "stip.json")))!;
        manifest[field] = JsonNode.Parse(value);
        File.WriteAllText(_folder.At("cloud", "stip.json"), manifest.ToJsonString());

        var refusal = Assert.Throws<RefusedException>(() => CloudFolder.Open(_folder.Path));

        Assert.StartsWith("stip.json is not a manifest: a model, its", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfAFolderWithoutPackage_IsRefused()
    {
        File.Delete(_folder.At("cloud", "stip.json"));

        var refusal = Assert.Throws<RefusedException>(() => CloudFolder.Open(_folder.Path));

        Assert.Contains("has no stip.json, neither itself nor in cloud/", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
