using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>Block-quantised weights under permutations: whole blocks and the places inside them move, no bit
/// changes.</summary>
public sealed class GgufProtectionTests(ExportedModels models) : IDisposable
{
    // The law's own bound: logits of these weights reach 30, and a permuted sum of 512 products rounds differently.
    private const double LargestDifference = 1e-3;

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("Q4_0", VerificationMode.Full)]
    [InlineData("Q4_0", VerificationMode.Blocks)]
    [InlineData("Q4_1", VerificationMode.Full)]
    [InlineData("Q4_K", VerificationMode.Full)]
    [InlineData("Q4_K", VerificationMode.Blocks)]
    [InlineData("Q8_0", VerificationMode.Full)]
    public async Task Protect_OfBlocks_IsExactAndMovesEveryMatrixOnBothAxes(string type, VerificationMode mode)
    {
        var plain = await ExportAsync(type);
        var result = Protect(plain, mode);

        Assert.True(result.Verification!.Passed, result.Verification.Worst);
        Assert.InRange(result.Verification.MaxAbsDiff, 0, LargestDifference);
        using var package = ProtectedModel.Open(_folder.At("package"));
        using var file = ModelFile.Load(Path.Combine(plain, "model.onnx"));
        var matrices = file.Graph.Node.Where(node => node.OpType is "MatMulNBits" or "MatMul")
            .SelectMany(node => node.Input.Skip(1)).Where(name => file.Tensors.Any(tensor => tensor.Name == name));
        Assert.All(matrices, name => Assert.All(package.Plan.Initializers[name].Axes, Assert.NotNull));
    }

    [Theory]
    [InlineData("Q4_0")]
    [InlineData("Q4_K")]
    public async Task OwnersKeys_OverAProtectedPackage_GiveBackEveryBit(string type)
    {
        var plain = await ExportAsync(type);
        Protect(plain, VerificationMode.None);

        using var package = ProtectedModel.Open(_folder.At("package"));
        using var original = ModelFile.Load(Path.Combine(plain, "model.onnx"));
        using var moved = ModelFile.Load(package.GraphPath);
        var tensors = original.Tensors.ToDictionary(tensor => tensor.Name);
        foreach (var tensor in moved.Tensors)
        {
            var step = package.Plan.Of(tensor);
            using var restored = new MemoryStream();
            PermutedCopy.Write(
                tensor, step with { Axes = Array.ConvertAll(step.Axes, axis => axis?.Inverse()) }, restored);
            Assert.True(tensors[step.Source].Bytes().SequenceEqual(restored.ToArray()), tensor.Name);
        }
    }

    public void Dispose() => _folder.Dispose();

    private Task<string> ExportAsync(string type)
    {
        var path = _folder.At($"{type}.gguf");
        new RandomLlama(256, 2, 4, 2, 64, 512, 320).Write(path, GgufType.Named(type), seed: 8);
        return models.ExportAsync(path, TensorDtype.Float32, keepsBlocks: true);
    }

    private ProtectionResult Protect(string plain, VerificationMode mode)
    {
        Directory.CreateDirectory(_folder.At("package"));
        return PackageProtector.Protect(
            plain, _folder.At("package"), new ProtectionOptions(Verify: mode), new SeededRandom(2));
    }
}
