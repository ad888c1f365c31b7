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
        var matrix = Damage(folder, suffix);

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

    // Changes one byte of the first matrix, or of its scales.
    private static string Damage(string folder, string suffix)
    {
        var graph = Path.Combine(folder, "cloud", "model.onnx");
        using var file = ModelFile.Load(graph);
        var node = file.Graph.Node.First(node => node.OpType == "MatMulNBits");
        var damaged = node.Input.First(input => input.EndsWith(suffix, StringComparison.Ordinal));
        var tensor = file.Graph.Initializer.First(tensor => tensor.Name == damaged);
        var offset = long.Parse(
            tensor.ExternalData.First(entry => entry.Key == "offset").Value,
            System.Globalization.CultureInfo.InvariantCulture);
        using var data = new FileStream($"{graph}.data", FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        data.Position = offset;
        var value = data.ReadByte();
        data.Position = offset;
        data.WriteByte((byte)(value ^ 1));
        return node.Input[1];
    }
}
