using Stip.Export.Tests.Architectures;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Protocol.Tensors;
using Stip.TestKit;
using Stip.TestKit.Gguf;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>Experts that a file stores in 4-bit blocks.</summary>
public sealed class GgufExpertTests(ExportedModels models) : IDisposable
{
    // Of the largest logit: float32 sums of at most 256 terms, and of minima that are added apart from what they belong
    // to.
    private const float LargestShare = 1e-5f;

    // The law's own bound.
    private const double LargestProtected = 1e-3;

    private const int Experts = 4;
    private const int Hidden = 64;
    private const int Inner = 96;

    private static readonly long[] Ids = [5, 200, 31, 31, 7, 256, 1];

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("llama", "Q4_0", Hidden, Inner)]
    [InlineData("qwen3moe", "Q4_0", Hidden, Inner)]
    [InlineData("llama", "Q4_1", Hidden, Inner)]
    [InlineData("qwen3moe", "Q4_1", Hidden, Inner)]
    [InlineData("llama", "Q4_K", 256, 256)]
    public async Task Logits_OfKeptExperts_EqualThoseOfWidenedOnes(
        string architecture, string type, int hidden, int inner)
    {
        var path = Write(architecture, type, hidden, inner);
        using var kept = new PlainModel(await models.ExportAsync(path, TensorDtype.Float32, keepsBlocks: true), 16);
        using var widened = new PlainModel(await models.ExportAsync(path, TensorDtype.Float32), 16);

        var (left, right) = (kept.Append(Ids, allRows: true), widened.Append(Ids, allRows: true));

        Assert.InRange(right.Max(), 0.5f, 100);
        var allowed = LargestShare * right.Max(MathF.Abs);
        Assert.InRange(ReferenceTests.Largest(left, right), 0, allowed);

        // A token alone leaves most experts without rows.
        Assert.InRange(ReferenceTests.Largest(kept.Append([9]), widened.Append([9])), 0, allowed);
    }

    [Fact]
    public async Task Export_OfExpertsWithoutMinima_KeepsTheirBytes()
    {
        var path = Write("llama", "Q4_0");

        using var file = ModelFile.Load(Path.Combine(
            await models.ExportAsync(path, TensorDtype.Float32, keepsBlocks: true), "model.onnx"));

        var node = file.Graph.Node.First(node => node.OpType == "QMoE");
        Assert.DoesNotContain(file.Graph.Node, node => node.OpType == "MoE");
        Assert.Equal(Experts * 2 * Inner * Hidden / 32 * 20, Bytes(file, node.Input[2]) + Bytes(file, node.Input[3]));
        Assert.Equal(Experts * Inner * Hidden / 32 * 20, Bytes(file, node.Input[5]) + Bytes(file, node.Input[6]));

        // Gates and what they gate stand row by row in turns; the first row of the first expert is that of its gate.
        var stored = Stored(path, "blk.0.ffn_gate_exps.weight");
        var numbers = file.Tensors.Single(tensor => tensor.Name == node.Input[2]).Bytes(0, Hidden / 2).ToArray();
        for (var i = 0; i < Hidden; i++)
        {
            var number = (numbers[i / 2] >> (i % 2 * 4)) & 15;
            var block = stored.AsSpan(i / 32 * 18 + 2, 16);
            Assert.Equal(i % 32 < 16 ? block[i % 32] & 15 : block[i % 32 - 16] >> 4, number);
        }
    }

    [Theory]
    [InlineData("llama", VerificationMode.Blocks)]
    [InlineData("qwen3moe", VerificationMode.Full)]
    public async Task Protect_OfKeptExperts_IsExactAndMovesThemOnEveryAxis(string architecture, VerificationMode mode)
    {
        var plain = await models.ExportAsync(Write(architecture, "Q4_0"), TensorDtype.Float32, keepsBlocks: true);
        Directory.CreateDirectory(_folder.At("package"));

        var result = PackageProtector.Protect(
            plain, _folder.At("package"), new ProtectionOptions(Verify: mode), new SeededRandom(2));

        Assert.True(result.Verification!.Passed, result.Verification.Worst);
        Assert.InRange(result.Verification.MaxAbsDiff, 0, LargestProtected);
        using var package = ProtectedModel.Open(_folder.At("package"));
        using var file = ModelFile.Load(Path.Combine(plain, "model.onnx"));
        foreach (var node in file.Graph.Node.Where(node => node.OpType == "QMoE"))
        {
            Assert.All(new[] { 2, 5 }, place => Assert.All(
                package.Plan.Initializers[node.Input[place]].Axes, Assert.NotNull));
        }
    }

    [Theory]
    [InlineData("Q4_1", 17)]
    [InlineData("Q8_0", Experts)]
    public async Task Export_OfExpertsThatCannotStay_WidensThem(string type, int experts)
    {
        var path = Write("llama", type, experts: experts);

        using var file = ModelFile.Load(Path.Combine(
            await models.ExportAsync(path, TensorDtype.Float32, keepsBlocks: true), "model.onnx"));

        Assert.DoesNotContain(file.Graph.Node, node => node.OpType == "QMoE");
        Assert.Contains(file.Graph.Node, node => node.OpType == "MoE");
    }

    [Fact]
    public async Task Protect_OfExpertsWithMinima_IsExactAndMovesTheirMatricesOnBothAxes()
    {
        var plain = await models.ExportAsync(Write("llama", "Q4_1"), TensorDtype.Float32, keepsBlocks: true);
        Directory.CreateDirectory(_folder.At("package"));

        var result = PackageProtector.Protect(
            plain, _folder.At("package"), new ProtectionOptions(), new SeededRandom(2));

        Assert.True(result.Verification!.Passed, result.Verification.Worst);
        Assert.InRange(result.Verification.MaxAbsDiff, 0, LargestProtected);
        using var package = ProtectedModel.Open(_folder.At("package"));
        using var file = ModelFile.Load(Path.Combine(plain, "model.onnx"));
        var products = file.Graph.Node.Where(node => node.OpType == "MatMulNBits"
            && node.Input[1].Contains(".experts.", StringComparison.Ordinal)).ToList();
        Assert.Equal(2 * Experts * 3, products.Count);
        foreach (var node in products)
        {
            Assert.All(package.Plan.Initializers[node.Input[1]].Axes, Assert.NotNull);
            var name = node.Input[1][..^".weight".Length];
            string[] parts = [$"{name}.weight", $"{name}.scales", $"{name}.offsets"];
            Assert.Equal(
                24 * Hidden * Inner / 32,
                file.Tensors.Where(tensor => parts.Contains(tensor.Name)).Sum(tensor => tensor.ByteLength));
        }
    }

    public void Dispose() => _folder.Dispose();

    private string Write(
        string architecture, string type, int hidden = Hidden, int inner = Inner, int experts = Experts)
    {
        var path = _folder.At($"{architecture}.{type}.gguf");
        new RandomLlama(hidden, 2, 4, 2, hidden / 4, inner, 320)
        {
            Architecture = architecture,
            Experts = experts,
            HasHeadNorms = architecture == "qwen3moe",
        }.Write(path, GgufType.Named(type), seed: 8);
        return path;
    }

    private static long Bytes(ModelFile file, string name) =>
        file.Tensors.Single(tensor => tensor.Name == name).ByteLength;

    // The first row of a tensor.
    private static byte[] Stored(string path, string name)
    {
        using var file = Export.Checkpoints.Gguf.GgufFile.Open(path);
        return file.Bytes(file.Tensors[name], 0, Hidden / 32 * 18).ToArray();
    }
}
