using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Stip.Keys.Bundles;
using Stip.Keys.Owner;
using Stip.Onnx.Protection;
using Stip.Protocol.Packages;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Commands;

public sealed class ProtectCommandTests(ExportedModels models) : IDisposable
{
    private const string Name = "tiny-llama2-70b";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Protect_WritesThreeFoldersThatBelongTogether()
    {
        var (exitCode, output, error) = await ProtectAsync("--name", "my-model.1");

        Assert.True(exitCode == 0, error);
        Assert.Contains("top-1 equal 100", output, StringComparison.Ordinal);
        var package = PackageFolder.ReadCloud(_folder.At("out"));
        var bundle = PackageFolder.ReadClient(_folder.At("out"));
        var (owner, _) = OwnerStore.Load(_folder.At("out", "owner"));
        Assert.Equal("my-model.1", package.Model);
        Assert.Equal(("permutation", "full"), (package.Mode, package.Verified));
        Assert.Equal(["model.onnx", "model.onnx.data"], package.Files.Select(file => file.Path));
        Assert.Equal(PackageFingerprint.Compute(package.Files), package.Fingerprint);
        Assert.Equal((package.Fingerprint, package.Instance), (bundle.Fingerprint, bundle.Instance));
        Assert.Equal((package.Fingerprint, package.Instance), (owner.Fingerprint, owner.Instance));
        Assert.Equal(160, package.MaxTopK);
        Assert.Equal("decoder", bundle.Kind);
        Assert.True(File.Exists(_folder.At("out", "client", "tokenizer.json"))
            == File.Exists(Path.Combine(KnownCheckpoints.Folder(Name), "tokenizer.json")));
        Assert.False(File.Exists(_folder.At("out", "client", "export.json")));
    }

    [Fact]
    public async Task Protect_LeavesTheCloudWithoutNamesAndTokens()
    {
        await ProtectAsync();

        var names = Directory.GetFiles(_folder.At("out", "cloud")).Select(Path.GetFileName).Order();
        var manifest = await File.ReadAllTextAsync(
            _folder.At("out", "cloud", "stip.json"), TestContext.Current.CancellationToken);
        Assert.Equal(["model.onnx", "model.onnx.data", "stip.json"], names);
        Assert.DoesNotContain("lamaFor", manifest, StringComparison.Ordinal);
        Assert.DoesNotContain("token", manifest, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Protect_OfMatricesAndTables_MovesTheClientsColumnsAlike()
    {
        var plainFolder = await models.FolderAsync(Name);
        await ProtectAsync();
        using var package = ProtectedModel.Open(_folder.At("out"));
        using var plain = SafetensorsFile.Open(Path.Combine(plainFolder, BundleManifest.EmbeddingFileName));
        using var moved = SafetensorsFile.Open(_folder.At("out", "client", BundleManifest.EmbeddingFileName));
        var hidden = package.Plan.Inputs["inputs_embeds"].Permutation!;

        var entry = plain.Header.Entries[EmbeddingManifest.Token];
        Assert.Equal(entry.Dtype, moved.Header.Entries[EmbeddingManifest.Token].Dtype);
        var size = entry.Dtype.ByteSize();
        var (from, to) = (plain.Bytes(entry.Name).ToArray(), moved.Bytes(entry.Name).ToArray());
        for (var cell = 0; cell < from.Length / size; cell++)
        {
            var (row, column) = Math.DivRem(cell, hidden.Length);
            var target = ((row * hidden.Length) + hidden[column]) * size;
            Assert.True(from.AsSpan(cell * size, size).SequenceEqual(to.AsSpan(target, size)));
        }
    }

    [Fact]
    public async Task Protect_OfATiedModel_Warns()
    {
        var (exitCode, _, error) = Run(await models.FolderAsync("tiny-gpt2-xl"));

        Assert.Equal(0, exitCode);
        Assert.StartsWith("warning: tied embeddings", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"decoder_start_token_id":4}""", """{"eos_token_id":[4]}""",
        """{"eos_token_id":[4],"decoder_start_token_id":4}""", "")]
    [InlineData("""{"decoder_start_token_id":4,"decoder_start_token_id":5}""", """{"eos_token_id":4}""",
        """{"eos_token_id":4,"decoder_start_token_id":5}""", "")]
    [InlineData("""{"decoder_start_token_id":4}""", """{"eos_token_id":4""",
        """{"eos_token_id":4""", "warning: generation_config.json is passed on as it is: ")]
    public async Task Protect_OfAFolderWithWhatGenerationNeeds_GivesTheClientAllOfIt(
        string config, string own, string expected, string warning)
    {
        var folder = Directory.CreateDirectory(_folder.At("tokenizer")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(folder, "config.json"), config, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            Path.Combine(folder, "generation_config.json"), own, TestContext.Current.CancellationToken);

        var (exitCode, _, error) = await ProtectAsync("--tokenizer", folder);

        Assert.Equal(0, exitCode);
        Assert.StartsWith(warning, error, StringComparison.Ordinal);
        Assert.Equal(expected, await File.ReadAllTextAsync(
            _folder.At("out", "client", "generation_config.json"), TestContext.Current.CancellationToken));
    }

    // The model's folder says what the tokenizer's does not.
    [Fact]
    public async Task Protect_WithATokenizerThatNamesTheFirstToken_AddsItToTheModelsFile()
    {
        var copy = await CopyAsync();
        await File.WriteAllTextAsync(
            Path.Combine(copy, "generation_config.json"), """{"eos_token_id":3}""",
            TestContext.Current.CancellationToken);
        var folder = Directory.CreateDirectory(_folder.At("tokenizer")).FullName;
        await File.WriteAllTextAsync(
            Path.Combine(folder, "config.json"), """{"decoder_start_token_id":4,"eos_token_id":9}""",
            TestContext.Current.CancellationToken);

        Assert.Equal(0, Run(copy, "--tokenizer", folder).ExitCode);
        Assert.Equal("""{"eos_token_id":3,"decoder_start_token_id":4}""", await File.ReadAllTextAsync(
            _folder.At("out", "client", "generation_config.json"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("nowhere", "there is no folder '{0}'; --tokenizer names one with tokenizer.json")]
    [InlineData("empty", "'{0}' has none of a tokenizer's or a preprocessor's files; --tokenizer names a folder with "
        + "tokenizer.json")]
    public async Task Protect_WithATokenizerThatIsNotThere_IsRefusedBeforeWeightsAreWritten(string name, string reason)
    {
        Directory.CreateDirectory(_folder.At("empty"));
        var (folder, written) = (_folder.At(name), 0L);
        var plain = await models.FolderAsync(Name);

        var refusal = Assert.Throws<Onnx.RefusedException>(() => PackageProtector.Protect(
            plain, _folder.At("package"), new ProtectionOptions { Tokenizer = folder }, bytes => written += bytes));

        Assert.Equal(string.Format(CultureInfo.InvariantCulture, reason, folder), refusal.Message);
        Assert.Equal(0, written);
    }

    [Fact]
    public async Task Protect_InModeNone_MovesNothingAndSaysSo()
    {
        var plain = await models.FolderAsync(Name);

        var (exitCode, _, error) = Run(plain, "--mode", "none");

        Assert.Equal(0, exitCode);
        Assert.Contains("nothing in this package is hidden", error, StringComparison.Ordinal);
        Assert.Equal("none", PackageFolder.ReadCloud(_folder.At("out")).Mode);
        Assert.Equal(
            await File.ReadAllBytesAsync(Path.Combine(plain, "model.onnx.data"), TestContext.Current.CancellationToken),
            await File.ReadAllBytesAsync(
                _folder.At("out", "cloud", "model.onnx.data"), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("'--mode hardened' is not there yet", "--mode", "hardened")]
    [InlineData("'--hide-logits' is not there yet", "--hide-logits")]
    [InlineData("0 instances are outside 1..1000", "--instances", "0")]
    [InlineData("1000 client layers are too many", "--client-layers", "1000")]
    [InlineData("model name 'a/b' must have 1..96 letters", "--name", "a/b")]
    [InlineData("model name '.hidden' must have 1..96 letters", "--name", ".hidden")]
    public async Task Protect_WithWhatIsNotThere_IsRefused(string reason, params string[] options) =>
        AssertRefused(reason, Run(await models.FolderAsync(Name), options));

    [Fact]
    public async Task Protect_IntoAFolderThatHoldsSomething_IsRefusedAndLeavesIt()
    {
        Directory.CreateDirectory(_folder.At("out"));
        await File.WriteAllTextAsync(_folder.At("out", "mine"), "", TestContext.Current.CancellationToken);

        var (exitCode, _, error) = await ProtectAsync();

        Assert.Equal(1, exitCode);
        Assert.Contains("not empty", error, StringComparison.Ordinal);
        Assert.True(File.Exists(_folder.At("out", "mine")));
    }

    [Fact]
    public async Task Protect_OfAPackage_IsRefused()
    {
        await ProtectAsync();
        var package = _folder.At("package");
        Directory.Move(_folder.At("out"), package);

        AssertRefused("a protected package already", Run(package));
        AssertRefused("a protected package already", Run(Path.Combine(package, "cloud")));
    }

    [Fact]
    public async Task Protect_OfWhatIsNoExport_IsRefused()
    {
        var config = _folder.At("config.json");
        await File.WriteAllTextAsync(config, "{}", TestContext.Current.CancellationToken);

        AssertRefused("is not an ONNX graph", Run(config));
        AssertRefused("there is no folder", Run(_folder.At("nowhere")));
        AssertRefused("export.json", Run(_folder.Path));
    }

    // Seventeen are one more than are drawn at once of a model that is read once.
    [Theory]
    [InlineData("2", "full")]
    [InlineData("17", "none")]
    public async Task Protect_OfSeveralInstances_DrawsKeysForEach(string count, string verify)
    {
        var folder = await models.FolderAsync(Name);

        var (exitCode, output, _) = CommandLine.Run(
            "protect", "--model", folder, "--output", _folder.At("many"), "--instances", count, "--verify", verify);

        Assert.Equal(0, exitCode);
        Assert.Contains(Path.Combine("many", count), output, StringComparison.Ordinal);
        using var first = ProtectedModel.Open(_folder.At("many", "1"));
        using var second = ProtectedModel.Open(_folder.At("many", count));
        Assert.NotEqual(first.Package.Instance, second.Package.Instance);
        Assert.NotEqual(
            first.Plan.Inputs["inputs_embeds"].Permutation, second.Plan.Inputs["inputs_embeds"].Permutation);
    }

    [Theory]
    [InlineData("vocab_size", 159, "has 160 rows, the vocabulary 159")]
    [InlineData("hidden_size", 63, "wide, the hidden state 63")]
    [InlineData("kind", "song", "kind 'song' must be one of decoder, encoder")]
    [InlineData("format", "stip-export/9", "must be stip-export/1")]
    public async Task Protect_OfAManifestThatDoesNotFit_IsRefused(string field, object value, string reason)
    {
        var copy = await CopyAsync();
        var path = Path.Combine(copy, "export.json");
        var manifest = JsonNode.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken))!;
        manifest[field] = JsonSerializer.SerializeToNode(value);
        await File.WriteAllTextAsync(path, manifest.ToJsonString(), TestContext.Current.CancellationToken);

        AssertRefused(reason, Run(copy));
    }

    [Theory]
    [InlineData("model.onnx.data", "truncated")]
    [InlineData("model.onnx", "not an ONNX graph")]
    [InlineData("embedding.safetensors", "safetensors")]
    public async Task Protect_OfATruncatedFile_IsRefused(string file, string reason)
    {
        var copy = await CopyAsync();
        var bytes = await File.ReadAllBytesAsync(Path.Combine(copy, file), TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(
            Path.Combine(copy, file), bytes[..(bytes.Length / 2)], TestContext.Current.CancellationToken);

        AssertRefused(reason, Run(copy));
    }

    [Fact]
    public void Protect_WithAnUnknownMode_IsWrongUsage() =>
        Assert.Equal(2, Run(_folder.Path, "--mode", "magic").ExitCode);

    public void Dispose() => _folder.Dispose();

    private async Task<(int ExitCode, string Output, string Error)> ProtectAsync(params string[] options) =>
        Run(await models.FolderAsync(Name), options);

    private (int ExitCode, string Output, string Error) Run(string model, params string[] options) =>
        CommandLine.Run(["protect", "--model", model, "--output", _folder.At("out"), .. options]);

    private void AssertRefused(string reason, (int ExitCode, string Output, string Error) result)
    {
        Assert.Equal(1, result.ExitCode);
        Assert.Contains(reason, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.Trim().Split('\n'));
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(_folder.Path), path => Path.GetFileName(path).StartsWith("out"));
    }

    private async Task<string> CopyAsync()
    {
        var copy = Directory.CreateDirectory(_folder.At("copy")).FullName;
        foreach (var file in Directory.GetFiles(await models.FolderAsync(Name)))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }
}
