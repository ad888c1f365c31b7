using System.Numerics.Tensors;
using Stip.Export.Tests.Architectures;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Export.Tests.Checkpoints.Gguf;

/// <summary>Files that llama.cpp's quantiser made, plain and protected, against what transformers computed of the same
/// numbers in float32.</summary>
public sealed class GgufReferenceTests(ExportedModels models) : IDisposable
{
    private const float LargestDifference = 1e-4f; // float32 sums in another order, on logits of scale 20
    private const int WeightsPerBlock = 32;
    private const int MostBytesPerBlock = 24;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. KnownCheckpoints.GgufFiles];

    public static MatrixTheoryData<string, bool> Forms => new([.. KnownCheckpoints.GgufFiles], [true, false]);

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Logits_OfAFile_EqualTheReference(string name, bool keepsBlocks)
    {
        var folder = await ExportAsync(name, keepsBlocks);
        foreach (var reference in ReferenceCase.LoadGguf(KnownCheckpoints.Folder(name)))
        {
            using var model = new PlainModel(folder, reference.InputIds.Length + reference.Generated.Length);

            var logits = model.Append(reference.InputIds, allRows: true);

            Assert.InRange(ReferenceTests.Largest(logits, reference.Logits!), 0, LargestDifference);
            model.Runner.Rewind(0);
            Assert.Equal(reference.Generated, model.Greedy(reference.InputIds, reference.Generated.Length));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Logits_OfAPackage_EqualTheReference(string name)
    {
        var package = await ProtectAsync(name);
        foreach (var reference in ReferenceCase.LoadGguf(KnownCheckpoints.Folder(name)))
        {
            // The greedy text in one pass: each row's likeliest token is the next one.
            long[] ids = [.. reference.InputIds, .. reference.Generated[..^1]];
            var outputs = WholeModel.Run(package, new Dictionary<string, HostTensor>
            {
                ["input_ids"] = HostTensor.FromIntegers(ids, 1, ids.Length),
            });

            var (width, logits) = Rows(outputs, ids.Length);
            var prompt = logits[..reference.Logits!.Length];
            Assert.InRange(ReferenceTests.Largest(prompt, reference.Logits), 0, LargestDifference);
            Assert.Equal(
                reference.Generated,
                Enumerable.Range(reference.InputIds.Length - 1, reference.Generated.Length)
                    .Select(row => (long)TensorPrimitives.IndexOfMax(logits.AsSpan(row * width, width))));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task FourBitMatrices_OfAPackage_TakeAtMost24BytesPer32Weights(string name)
    {
        using var package = ProtectedModel.Open(await ProtectAsync(name));
        using var file = ModelFile.Load(package.GraphPath);

        var matrices = file.Graph.Node.Where(node => Number(node, "bits") == 4).ToList();

        Assert.Equal(name.Contains("Q4", StringComparison.Ordinal), matrices.Count > 0);
        Assert.All(matrices, node =>
        {
            // Numbers, scales and offsets: everything after the rows that are multiplied.
            var bytes = file.Tensors.Where(tensor => node.Input.Skip(1).Contains(tensor.Name))
                .Sum(tensor => tensor.ByteLength);
            var weights = Number(node, "K") * Number(node, "N");
            Assert.InRange(bytes, weights / 2, weights / WeightsPerBlock * MostBytesPerBlock);
        });
    }

    public void Dispose() => _folder.Dispose();

    private static (int Width, float[] Logits) Rows(
        IReadOnlyList<(string Name, HostTensor Tensor)> outputs, int rows)
    {
        var logits = outputs.First(output => output.Name == DecoderPorts.Logits).Tensor.ToFloats();
        return (logits.Length / rows, logits);
    }

    private static long Number(NodeProto node, string name) =>
        node.OpType != "MatMulNBits" ? 0 : node.Attribute.First(attribute => attribute.Name == name).I;

    private Task<string> ExportAsync(string name, bool keepsBlocks) =>
        models.ExportAsync(KnownCheckpoints.Folder(name), TensorDtype.Float32, keepsBlocks: keepsBlocks);

    private async Task<string> ProtectAsync(string name)
    {
        var package = Directory.CreateDirectory(_folder.At("package")).FullName;
        PackageProtector.Protect(
            await ExportAsync(name, keepsBlocks: true),
            package,
            new ProtectionOptions(Verify: VerificationMode.None),
            new SeededRandom(2));
        return package;
    }
}
