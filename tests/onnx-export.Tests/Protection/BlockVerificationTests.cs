using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Blocks;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

/// <summary>Verification layer by layer: the same verdict as of whole models, in the memory of one block.</summary>
public sealed class BlockVerificationTests(ExportedModels exported, ProtectedModels packages)
{
    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-mixtral-8x7b")]
    [InlineData("tiny-gpt2-xl")]
    [InlineData("tiny-bert-classifier")]
    [InlineData("digits-llava")] // a picture's graph, the client's before it, and the decoder
    public async Task Verify_ByBlocks_AgreesWithWholeModels(string name)
    {
        var (plain, package) = (await exported.FolderAsync(name), await packages.FolderAsync(exported, name));

        var report = PackageVerifier.Verify(plain, package, samples: 2, mode: VerificationMode.Blocks);

        Assert.True(report.Passed, report.Worst);
        Assert.Equal(VerificationMode.Blocks, report.Mode);
        Assert.Null(report.Fault);
        Assert.InRange(report.MaxAbsDiff, 1e-9, 1e-3);
    }

    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-mixtral-8x7b")]
    public async Task Protect_ByBlocksWithRounding_ComparesBeforeAndAfter(string name)
    {
        var options = new ProtectionOptions(Verify: VerificationMode.Blocks) { Rounding = WeightRounding.Int4 };

        var (folder, made) = await packages.ProtectAsync(exported, name, options, seed: 7);

        Assert.True(made.Verification!.Passed, made.Verification.Worst);
        Assert.InRange(made.Verification.MaxAbsDiff, 1e-9, 1e-3);
        Assert.Equal(VerificationMode.Blocks, made.Rounded!.Mode);
        Assert.True(made.Rounded.Passed);
        var again = PackageVerifier.Verify(
            await exported.FolderAsync(name), folder, samples: 2, mode: VerificationMode.Full);
        Assert.True(again.Passed, again.Worst);

        // Both ways say the same of what rounding does; the samples are others.
        Assert.InRange(made.Rounded.MaxAbsDiff / again.MaxAbsDiff, 0.2, 5);
    }

    [Theory]
    [InlineData("tiny-llama2-70b", VerificationMode.Blocks)]
    [InlineData("tiny-llama2-70b", VerificationMode.Full)]
    [InlineData("tiny-bert-classifier", VerificationMode.Full)]
    [InlineData("digits-llava", VerificationMode.Blocks)]
    [InlineData("digits-llava", VerificationMode.Full)]
    public async Task Verify_SaysHowFarItIs(string name, VerificationMode mode)
    {
        var (plain, package) = (await exported.FolderAsync(name), await packages.FolderAsync(exported, name));
        var shares = new List<double>();

        PackageVerifier.Verify(plain, package, samples: 2, progress: shares.Add, mode: mode);

        Assert.True(shares.Count > 1);
        Assert.Equal(shares.Order(), shares);
        Assert.InRange(shares[0], 0.001, 0.99);
        Assert.Equal(1, shares[^1], 1e-9);
    }

    // Attention and feed-forward of every layer are blocks of their own, or smaller; together they are the graph.
    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-gpt2-xl")]
    public async Task Split_OfADecoder_HasABlockForEveryLayer(string name)
    {
        using var model = Onnx.Protection.PlainModel.Open(await exported.FolderAsync(name));
        var part = Assert.Single(model.Parts);

        var blocks = GraphSplit.Of(part, ["inputs_embeds"]);

        var layers = model.Manifest.Graphs["decoder"].Cache!.Layers;
        Assert.InRange(blocks.Count, layers, 64);
        Assert.Equal(
            part.Graph.Output.Select(output => output.Name).Order(StringComparer.Ordinal),
            blocks.SelectMany(block => block.Outputs).Order(StringComparer.Ordinal));
        Assert.All(blocks.Skip(1), block => Assert.NotEmpty(block.Inputs.Except(
            part.Graph.Input.Select(input => input.Name))));
    }

    [Theory]
    [InlineData(1L << 40, VerificationMode.Full)]
    [InlineData(1L << 10, VerificationMode.Blocks)]
    public async Task Auto_ChoosesByTheMemoryThatIsFree(long free, VerificationMode expected)
    {
        using var model = Onnx.Protection.PlainModel.Open(await exported.FolderAsync("tiny-llama2-70b"));

        var choice = VerificationChoice.Of(model, VerificationMode.Auto, free);

        Assert.Equal(expected, choice.Mode);
        Assert.Equal(expected == VerificationMode.Blocks, choice.Reason is not null);
    }

    // A CPU computes nothing in bfloat16: what is sums in another order in float32 is all that may differ.
    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-mixtral-8x7b")]
    [InlineData("tiny-gpt2-xl")]
    [InlineData("stories-bert")]
    [InlineData("digits-vit")] // the client's graph before it
    public async Task Protect_OfBFloat16_IsVerifiedInFloat32(string name)
    {
        using var folder = new TemporaryFolder();

        var made = PackageProtector.Protect(
            await exported.FolderAsync(name, TensorDtype.BFloat16),
            folder.At("package"),
            new ProtectionOptions(),
            new SeededRandom(4));

        Assert.True(made.Verification!.Passed, made.Verification.Worst);
        Assert.Equal(VerificationMode.Blocks, made.Verification.Mode);
        Assert.InRange(made.Verification.MaxAbsDiff, 1e-9, 1e-3);
        Assert.Contains(made.Warnings, warning => warning.StartsWith(
            "verified block by block, in float32: a CPU computes nothing in bfloat16", StringComparison.Ordinal));
        var again = PackageVerifier.Verify(
            await exported.FolderAsync(name, TensorDtype.BFloat16), folder.At("package"), samples: 1);
        Assert.True(again.Passed, again.Worst);
        Assert.StartsWith("verified block by block, in float32", again.ModeReason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        VerificationMode.Full, WeightRounding.None,
        "--verify full: a CPU computes nothing in bfloat16, as 'model.onnx' does; --verify blocks runs both models in "
        + "float32, layer by layer, and none leaves it out")]
    [InlineData(
        VerificationMode.Auto, WeightRounding.Int8,
        "no matrix of model.onnx can be rounded: none is a weight in float32 or float16 on the right of a MatMul with "
        + "at least 32 inputs")]
    public async Task Protect_OfBFloat16ThatCannotBe_IsRefusedBeforeAnythingIsWritten(
        VerificationMode mode, WeightRounding rounding, string reason)
    {
        using var folder = new TemporaryFolder();
        var plain = await exported.FolderAsync("tiny-llama2-70b", TensorDtype.BFloat16);

        var refusal = Assert.Throws<Onnx.RefusedException>(() => PackageProtector.Protect(
            plain,
            folder.Path,
            new ProtectionOptions(Verify: mode) { Rounding = rounding },
            new SeededRandom(4)));

        Assert.Equal(reason, refusal.Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task Protect_ByBlocks_SaysSoInThePackage()
    {
        var (folder, made) = await packages.ProtectAsync(
            exported, "tiny-llama2-70b", new ProtectionOptions(Verify: VerificationMode.Blocks), seed: 5);

        Assert.True(made.Verification!.Passed);
        Assert.Equal("blocks", PackageFolder.ReadCloud(folder).Verified);
    }
}
