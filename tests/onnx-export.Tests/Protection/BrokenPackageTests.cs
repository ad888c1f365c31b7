using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;

namespace Stip.Export.Tests.Protection;

/// <summary>Packages made wrong in the ways in which a recipe goes wrong: each must be found out.</summary>
public sealed class BrokenPackageTests(ExportedModels exported, ProtectedModels packages)
{
    private const string Llama = "tiny-llama2-70b";
    private const string Gpt2 = "tiny-gpt2-xl";
    private const string Encoder = "stories-sentence";
    private const double SurelyVisible = 1e-2;

    [Theory]
    [InlineData(Llama, "layers.1.mlp.up.weight", 1)] // gate and up by two permutations
    [InlineData(Llama, "layers.0.attention.output.weight", 0)] // value channels unlike the output's rows
    [InlineData(Llama, "layers.0.attention.qkv.weight", 1)] // heads left where they were
    [InlineData(Llama, "layers.1.mlp_norm.weight", 0)] // a norm's factor left out
    [InlineData(Llama, "rotary.cos", 1)] // angles that do not follow their pairs
    [InlineData(Llama, "head.weight", 1)] // logits by another permutation than the client's
    [InlineData(Gpt2, "layers.2.mlp.up.bias", 0)] // a bias left out
    [InlineData(Gpt2, "layers.0.attention.output.bias", 0)]
    [InlineData(Gpt2, "layers.1.mlp_norm.bias", 0)]
    public async Task AnAxisLeftInPlace_ShowsInTheOutputs(string name, string initializer, int axis)
    {
        var report = await VerifyAsync(name, plan => With(plan, initializer, axis, null));

        Assert.False(report.Passed);
        Assert.True(report.MaxAbsDiff > SurelyVisible, $"only {report.MaxAbsDiff}");
    }

    [Fact]
    public async Task TwoChannelsOfOneQueryHead_TradingPlaces_ShowInTheOutputs()
    {
        var report = await VerifyAsync(Llama, plan =>
        {
            const string Output = "layers.0.attention.output.weight";
            var rows = plan.Initializers[Output].Axes[0]!.Targets.ToArray();
            (rows[0], rows[1]) = (rows[1], rows[0]);
            return With(plan, Output, 0, Permutation.FromTargets(rows));
        });

        Assert.False(report.Passed);
        Assert.True(report.MaxAbsDiff > SurelyVisible, $"only {report.MaxAbsDiff}");
    }

    [Theory]
    [InlineData(VerificationMode.Full, Llama, "layers.1.mlp.up.weight", 1, "layers.1.mlp")]
    [InlineData(VerificationMode.Blocks, Llama, "layers.1.mlp.up.weight", 1, "layers.1.mlp")]
    [InlineData(VerificationMode.Blocks, Llama, "layers.0.attention.qkv.weight", 1, "layers.0.attention")]
    [InlineData(VerificationMode.Blocks, Gpt2, "layers.2.mlp.up.bias", 0, "layers.2.mlp")]
    [InlineData(VerificationMode.Full, Gpt2, "layers.0.attention.output.bias", 0, "layers.0.attention")]
    public async Task AnAxisLeftInPlace_IsNamedByBlockNodeAndLayer(
        VerificationMode mode, string name, string initializer, int axis, string node)
    {
        var report = await VerifyAsync(name, plan => With(plan, initializer, axis, null), mode);

        Assert.False(report.Passed);
        Assert.Equal(mode, report.Mode);
        Assert.Matches(
            $@"^block \d+ of \d+ of 'model.onnx' .*: node '{node}[^']*' \(\w+, layer {node[7]}\)", report.Fault);
    }

    // A key bias without rotary embedding cancels in the softmax of a sequence that was computed whole. The bytes show
    // it, and so do tokens after random states.
    [Fact]
    public async Task KeyBiasLeftInPlace_ShowsInTheBytesAndAfterRandomStates()
    {
        var report = await VerifyAsync(Gpt2, plan =>
        {
            const string Bias = "layers.0.attention.qkv.bias";
            var columns = plan.Initializers[Bias].Axes[0]!;
            var third = columns.Length / 3;
            int[] targets = [.. columns.Targets];
            var keys = targets.AsSpan(third, third);
            keys.Sort();
            return With(plan, Bias, 0, Permutation.FromTargets(targets));
        });

        Assert.False(report.Passed);
        Assert.Equal("weight 'layers.0.attention.qkv.bias' is not where the keys say", report.Worst);
        Assert.True(report.MaxAbsDiff > SurelyVisible, $"only {report.MaxAbsDiff}");
    }

    // Random tokens reach a few rows of a table, and no run reads the order of an encoder's features.
    [Theory]
    [InlineData(
        Gpt2, "embedding.safetensors",
        "weight 'position_embedding' of embedding.safetensors is not where the keys say")]
    [InlineData(
        Encoder, "output.safetensors",
        "'output_permutation.last_hidden_state' of output.safetensors is not the order that the keys say")]
    public async Task WhatUsersAreGiven_ChangedByOneBit_IsFoundOut(string name, string file, string worst)
    {
        var (package, _) = await packages.ProtectAsync(
            exported, name, new ProtectionOptions(Verify: VerificationMode.None), seed: 9);
        var path = Path.Combine(package, "client", file);
        var bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[^4] ^= 1;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);

        var report = PackageVerifier.Verify(await exported.FolderAsync(name), package, samples: 1);

        Assert.False(report.Passed);
        Assert.Equal(worst, report.Worst);
    }

    // The plain model's answers are those that it gave for the first of them.
    [Fact]
    public async Task AnAxisLeftInPlace_InTheSecondOfTwoInstances_ShowsInIt()
    {
        using var good = ProtectedModel.Open(await packages.FolderAsync(exported, Llama));
        using var bad = ProtectedModel.Open(
            await SpoilAsync(Llama, plan => With(plan, "layers.1.mlp.up.weight", 1, null)));
        using var plain = Onnx.Protection.PlainModel.Open(await exported.FolderAsync(Llama));
        var answers = new PlainAnswers(keepsAll: true);

        var reports = new[] { good, bad, good }.Select(package => PackageVerifier.Verify(
            plain, answers, package, samples: 2, progress: null, VerificationMode.Full)).ToArray();

        Assert.False(answers.Runs);
        Assert.Equal([true, false, true], reports.Select(report => report.Passed));
        Assert.True(reports[1].MaxAbsDiff > SurelyVisible, $"only {reports[1].MaxAbsDiff}");
        Assert.Equal(reports[0].MaxAbsDiff, reports[2].MaxAbsDiff);
    }

    [Fact]
    public async Task Package_OfAnotherModel_IsRefused()
    {
        var refusal = await Assert.ThrowsAsync<Onnx.RefusedException>(async () => PackageVerifier.Verify(
            await exported.FolderAsync(Llama), await packages.FolderAsync(exported, Gpt2), samples: 1));

        Assert.Contains("not the same model", refusal.Message, StringComparison.Ordinal);
    }

    // A sound package whose graph is then written again by a wrong plan.
    private async Task<VerificationReport> VerifyAsync(
        string name, Func<ProtectionPlan, ProtectionPlan> spoil, VerificationMode mode = VerificationMode.Auto)
    {
        var package = await SpoilAsync(name, spoil);
        return PackageVerifier.Verify(await exported.FolderAsync(name), package, samples: 2, mode: mode);
    }

    // A package whose bytes lie as another plan says, with the keys of the first.
    private async Task<string> SpoilAsync(string name, Func<ProtectionPlan, ProtectionPlan> spoil)
    {
        var (package, _) = await packages.ProtectAsync(
            exported, name, new ProtectionOptions(Verify: VerificationMode.None), seed: 9);
        using var file = ModelFile.Load(Path.Combine(await exported.FolderAsync(name), "model.onnx"));
        using var model = ProtectedModel.Open(package);
        File.Delete(model.GraphPath);
        File.Delete(model.GraphPath + ".data");
        ProtectedGraphWriter.Write(file, spoil(model.Plan), model.GraphPath);
        return package;
    }

    private static ProtectionPlan With(ProtectionPlan plan, string initializer, int axis, Permutation? permutation)
    {
        var entry = plan.Initializers[initializer];
        var axes = entry.Axes.ToArray();
        Assert.NotNull(axes[axis]);
        axes[axis] = permutation;
        return plan with
        {
            Initializers = new Dictionary<string, InitializerPlan>(plan.Initializers)
            {
                [initializer] = entry with { Axes = axes },
            },
        };
    }
}
