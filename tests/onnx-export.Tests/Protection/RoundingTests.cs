using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Rounding;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

/// <summary>Packages whose matrices are rounded after the transform.</summary>
public sealed class RoundingTests(ExportedModels models, ProtectedModels packages)
{
    // Shares of the largest logit. Steps of four bits are 16 times as wide as those of eight; a wrong row or block is
    // wrong by more than the largest logit.
    private const double LargestInt4Share = 0.75;
    private const double LargestInt8Share = 0.05;

    [Theory]
    [InlineData("tiny-llama2-70b", WeightRounding.Int4, LargestInt4Share)]
    [InlineData("tiny-llama2-70b", WeightRounding.Int8, LargestInt8Share)]
    [InlineData("tiny-gpt2-xl", WeightRounding.Int8, LargestInt8Share)]
    public async Task Protect_WithRounding_IsExactBeforeAndNearAfterIt(
        string name, WeightRounding rounding, double largest)
    {
        var (folder, result) = await ProtectAsync(name, rounding);

        Assert.True(result.Verification!.Passed);
        Assert.InRange(result.Verification.MaxAbsDiff, 0, 1e-4);
        Assert.True(result.Rounded!.Passed);
        var scale = ReferenceCase.Load(KnownCheckpoints.Folder(name))[0].Logits!.Max(Math.Abs);
        Assert.InRange(result.Rounded.MaxAbsDiff / scale, 1e-4, largest);
        Assert.Equal(rounding == WeightRounding.Int4 ? "int4" : "int8", PackageFolder.ReadCloud(folder).Quantization);
        using var file = ModelFile.Load(Path.Combine(folder, "cloud", "model.onnx"));
        Assert.DoesNotContain(file.Graph.Node, node => node.OpType == "MatMul");
    }

    [Theory]
    [InlineData(WeightRounding.Int4, 20)]
    [InlineData(WeightRounding.Int8, 34)]
    public async Task Protect_OfExpertsWithRounding_RoundsThemToo(WeightRounding rounding, int mostBytesOf32)
    {
        var (folder, result) = await ProtectAsync("tiny-mixtral-8x7b", rounding);

        Assert.True(result.Verification!.Passed);
        Assert.InRange(result.Verification.MaxAbsDiff, 0, 1e-4);
        Assert.True(result.Rounded!.Passed);
        Assert.Empty(result.Warnings);
        using var file = ModelFile.Load(Path.Combine(folder, "cloud", "model.onnx"));
        Assert.DoesNotContain(file.Graph.Node, node => node.OpType is "MoE" or "MatMul");
        var node = file.Graph.Node.First(node => node.OpType == "QMoE");
        var bytes = node.Input.Skip(2).Take(2).Sum(name => file.Tensors.Single(t => t.Name == name).ByteLength);
        Assert.InRange(bytes * 32 / (8 * 2 * 96 * 64), 1, mostBytesOf32);
    }

    [Theory]
    [InlineData("QMoE", 2)]
    [InlineData("QMoE", 6)]
    public async Task Verify_OfRoundedExpertsWithAnotherNumber_NamesTheMatrix(string operation, int input)
    {
        var (folder, _) = await ProtectAsync("tiny-mixtral-8x7b", WeightRounding.Int4);
        var name = Damage(folder, node => node.OpType == operation, node => node.Input[input]);

        var report = PackageVerifier.Verify(await models.FolderAsync("tiny-mixtral-8x7b"), folder, samples: 1);

        Assert.False(report.Passed);
        var matrix = name.Replace(RoundableMatrices.ScalesSuffix, "", StringComparison.Ordinal);
        Assert.Equal($"weight '{matrix}' is not where the keys say", report.Worst);
    }

    [Fact]
    public async Task Protect_WithRounding_LeavesPartsThatBelongTogether()
    {
        var (folder, _) = await ProtectAsync("tiny-llama2-70b", WeightRounding.Int4);

        using var package = ProtectedModel.Open(folder);
        Assert.Equal(package.Package.Fingerprint, PackageFolder.ReadClient(folder).Fingerprint);
        Assert.All(package.Package.Files, file => Assert.Equal(
            file.Bytes, new FileInfo(Path.Combine(folder, "cloud", file.Path)).Length));
    }

    [Theory]
    [InlineData(".weight")]
    [InlineData(".weight.scales")]
    public async Task Verify_OfARoundedPackageWithAnotherNumber_NamesTheMatrix(string suffix)
    {
        var (folder, _) = await ProtectAsync("tiny-llama2-70b", WeightRounding.Int4);
        var matrix = Damage(
            folder,
            node => node.OpType == "MatMulNBits",
            node => node.Input.First(input => input.EndsWith(suffix, StringComparison.Ordinal)))
            .Replace(RoundableMatrices.ScalesSuffix, "", StringComparison.Ordinal);

        var report = PackageVerifier.Verify(
            await models.FolderAsync("tiny-llama2-70b"), folder, samples: 1);

        Assert.False(report.Passed);
        Assert.Equal($"weight '{matrix}' is not where the keys say", report.Worst);
    }

    [Theory]
    [InlineData(WeightRounding.Int4, TensorDtype.Float32)]
    [InlineData(WeightRounding.Int8, TensorDtype.Float32)]
    [InlineData(WeightRounding.Int4, TensorDtype.Float16)]
    public void Round_OfABlock_StaysWithinHalfAStep(WeightRounding kind, TensorDtype scaleType)
    {
        var rounding = new BlockRounding(kind, scaleType);
        var random = new Random(4);
        var values = new float[BlockRounding.BlockLength];
        var numbers = new byte[rounding.BlockBytes];
        for (var repeat = 0; repeat < 50; repeat++)
        {
            Array.ForEach(Enumerable.Range(0, values.Length).ToArray(), i => values[i] = random.NextSingle() - 0.5f);
            var scale = rounding.Round(values, numbers);
            for (var i = 0; i < values.Length; i++)
            {
                var number = rounding.Bits == 8 ? numbers[i] - 128 : (numbers[i / 2] >> i % 2 * 4 & 15) - 8;

                // The side of the four bits that the largest value does not take is one step shorter.
                var reach = rounding.Bits == 8 ? 0.5f : number == 7 ? 1 : 0.5f;
                Assert.InRange(Math.Abs(number * scale - values[i]), 0, Math.Abs(scale) * (reach + 0.01f));
            }
        }
    }

    private Task<(string Folder, ProtectionResult Result)> ProtectAsync(string name, WeightRounding rounding) =>
        packages.ProtectAsync(models, name, new ProtectionOptions { Rounding = rounding }, seed: 9);

    // Changes one byte of an input of the first such node.
    private static string Damage(
        string folder, Func<NodeProto, bool> isWanted, Func<NodeProto, string> input)
    {
        var graph = Path.Combine(folder, "cloud", "model.onnx");
        using var file = ModelFile.Load(graph);
        var damaged = input(file.Graph.Node.First(isWanted));
        var tensor = file.Graph.Initializer.First(tensor => tensor.Name == damaged);
        var offset = long.Parse(
            tensor.ExternalData.First(entry => entry.Key == "offset").Value,
            System.Globalization.CultureInfo.InvariantCulture);
        using var data = new FileStream($"{graph}.data", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        data.Position = offset;
        var value = data.ReadByte();
        data.Position = offset;
        data.WriteByte((byte)(value ^ 1));
        return damaged;
    }
}
