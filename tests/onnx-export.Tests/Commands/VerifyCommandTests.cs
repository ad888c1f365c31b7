using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Export.Tests.Protection;
using Stip.Onnx.Model;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class VerifyCommandTests(ExportedModels models, ProtectedModels packages) : IDisposable
{
    private const string Name = "tiny-llama2-70b";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Verify_OfASoundPackage_PrintsOneJsonDocument()
    {
        var (exitCode, output, error) = await VerifyAsync(await packages.FolderAsync(models, Name), "--json");

        using var document = JsonDocument.Parse(output);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Equal(
            ["samples", "max_abs_diff", "mean_abs_diff", "top1_agreement", "passed"],
            document.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.True(document.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal(2, document.RootElement.GetProperty("samples").GetInt32());
    }

    [Fact]
    public async Task Verify_OfOneChangedByte_FailsAndNamesTheWeight()
    {
        var package = Copy(await packages.FolderAsync(models, Name), "package");
        var data = Path.Combine(package, "cloud", "model.onnx.data");
        var bytes = await File.ReadAllBytesAsync(data, TestContext.Current.CancellationToken);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(data, bytes, TestContext.Current.CancellationToken);

        var (exitCode, output, error) = await VerifyAsync(package, "--json");

        Assert.Equal(1, exitCode);
        Assert.Contains("is not where the keys say", error, StringComparison.Ordinal);
        Assert.Contains("\"passed\":false", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Verify_WhereOneSideIsNoNumber_PrintsOneJsonDocumentAllTheSame()
    {
        var package = Copy(await packages.FolderAsync(models, Name), "package");
        Dictionary<string, string> norm;
        using (var file = ModelFile.Load(Path.Combine(package, "cloud", "model.onnx")))
        {
            norm = file.Tensors.First(tensor => tensor.IsExternal && tensor.Shape.Length == 1
                && tensor.Type == TensorProto.Types.DataType.Float).Proto.ExternalData
                .ToDictionary(entry => entry.Key, entry => entry.Value);
        }

        using (var data = File.OpenWrite(Path.Combine(package, "cloud", norm["location"])))
        {
            data.Position = long.Parse(norm.GetValueOrDefault("offset", "0"), CultureInfo.InvariantCulture);
            data.Write(BitConverter.GetBytes(float.NaN));
        }

        var (exitCode, output, _) = await VerifyAsync(package, "--json");

        using var document = JsonDocument.Parse(output);
        Assert.Equal(1, exitCode);
        Assert.False(document.RootElement.GetProperty("passed").GetBoolean());
        Assert.Equal(JsonValueKind.Null, document.RootElement.GetProperty("max_abs_diff").ValueKind);
    }

    [Fact]
    public async Task Verify_OfPartsOfTwoPackages_IsRefused()
    {
        var package = Copy(await packages.FolderAsync(models, Name), "package");
        var path = Path.Combine(package, "client", "bundle.json");
        var bundle = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!;
        bundle["fingerprint"] = "another";
        await File.WriteAllTextAsync(path, bundle.ToJsonString(), TestContext.Current.CancellationToken);

        var (exitCode, _, error) = await VerifyAsync(package);

        Assert.Equal(1, exitCode);
        Assert.Contains("of different packages", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("100001")]
    public async Task Verify_OfTooFewOrTooManySamples_IsRefused(string samples)
    {
        var (exitCode, _, error) = CommandLine.Run(
            "verify", "--plain", await models.FolderAsync(Name), "--protected",
            await packages.FolderAsync(models, Name), "--samples", samples);

        Assert.Equal(1, exitCode);
        Assert.Equal($"{samples} samples are outside 1..100000", error.Trim());
    }

    [Fact]
    public async Task Verify_OfTheGraphAlone_AsksForItsFolder()
    {
        var graph = Path.Combine(await models.FolderAsync(Name), "model.onnx");

        var (exitCode, _, error) = CommandLine.Run(
            "verify", "--plain", graph, "--protected", await packages.FolderAsync(models, Name));

        Assert.Equal(1, exitCode);
        Assert.Equal(
            $"'{graph}' is a graph alone, and the package was made with the client's tables; give the folder that it "
            + "was made of", error.Trim());
    }

    [Fact]
    public async Task Verify_OfNoPackage_IsRefused()
    {
        var (exitCode, _, error) = await VerifyAsync(_folder.Path);

        Assert.Equal(1, exitCode);
        Assert.Contains("stip.json' is missing", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(int ExitCode, string Output, string Error)> VerifyAsync(
        string package, params string[] options) =>
        CommandLine.Run([
            "verify", "--plain", await models.FolderAsync(Name), "--protected", package, "--samples", "2", .. options]);

    private string Copy(string from, string name)
    {
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(_folder.At(name), Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return _folder.At(name);
    }
}
