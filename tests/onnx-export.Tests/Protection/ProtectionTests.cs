using Google.Protobuf;
using Stip.Keys.Owner;
using Stip.Keys.Permutations;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Symmetry.Reports;
using Stip.TestKit;

namespace Stip.Export.Tests.Protection;

public sealed class ProtectionTests(ExportedModels exported, ProtectedModels packages) : IDisposable
{
    private const double LargestDifference = 1e-4;

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. KnownCheckpoints.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Protect_OfACheckpoint_IsExact(string name)
    {
        var report = PackageVerifier.Verify(
            await exported.FolderAsync(name), await packages.FolderAsync(exported, name), samples: 2);

        Assert.True(report.Passed, report.Worst);
        Assert.InRange(report.MaxAbsDiff, 0, LargestDifference);
        Assert.Equal(1, report.Top1Agreement);
    }

    // The identity passes every test of exactness, so the classes are asked.
    [Theory]
    [MemberData(nameof(Names))]
    public async Task EveryMatrixOfADecoder_MovesOnBothAxes(string name)
    {
        var path = Path.Combine(await exported.FolderAsync(name), "model.onnx");
        var report = SymmetryInspector.Inspect(path);
        using var file = ModelFile.Load(path);

        Assert.Empty(report.Unruled);
        Assert.All(report.Pinned, axis => Assert.StartsWith("rotary.", axis.Initializer));
        Assert.All(report.Pinned, axis => Assert.Equal(0, axis.Axis));
        foreach (var tensor in file.Tensors.Where(tensor => ElementTypes.IsFloat(tensor.Type)))
        {
            var first = tensor.Name.StartsWith("rotary.", StringComparison.Ordinal) ? 1 : 0;
            Assert.All(Enumerable.Range(first, tensor.Shape.Length - first), axis => Assert.Equal(
                tensor.Shape[axis],
                report.Classes.SelectMany(group => group.Members)
                    .Where(member => member.Name == tensor.Name && member.Axis == axis).Sum(member => member.Count)));
        }
    }

    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-gpt2-xl")]
    [InlineData("stories-draft")]
    public async Task ProtectedGraph_DiffersInInitializerBytesOnly(string name)
    {
        var plain = await ParseAsync(GraphOf(await exported.FolderAsync(name)));
        var moved = await ParseAsync(GraphOf(await packages.FolderAsync(exported, name), "cloud"));

        Assert.Equal(plain.Graph.Node, moved.Graph.Node);
        Assert.Equal(WithoutBytes(plain), WithoutBytes(moved));
    }

    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-gpt2-xl")]
    public async Task OwnerKeys_GiveBackEveryByteOfThePlainWeights(string name)
    {
        using var plain = ModelFile.Load(GraphOf(await exported.FolderAsync(name)));
        using var package = ProtectedModel.Open(await packages.FolderAsync(exported, name));
        using var moved = ModelFile.Load(package.GraphPath);

        ProtectedGraphWriter.Write(moved, Inverse(package.Plan), _folder.At("model.onnx"));

        using var restored = ModelFile.Load(_folder.At("model.onnx"));
        Assert.All(plain.Tensors.Zip(restored.Tensors), pair => Assert.Equal(
            pair.First.Bytes().ToArray(), pair.Second.Bytes().ToArray()));
        Assert.Contains(
            plain.Tensors.Zip(moved.Tensors), pair => !pair.First.Bytes().SequenceEqual(pair.Second.Bytes()));
    }

    [Fact]
    public async Task Protect_TwiceInARow_IsTheCompositionOfBothKeys()
    {
        var path = GraphOf(await exported.FolderAsync("tiny-llama2-70b"));
        using var plain = ModelFile.Load(path);
        var (first, second) = (Draw(plain, 1), Draw(plain, 2));
        Directory.CreateDirectory(_folder.At("once"));
        Directory.CreateDirectory(_folder.At("twice"));
        Directory.CreateDirectory(_folder.At("composed"));

        ProtectedGraphWriter.Write(plain, first, _folder.At("once", "model.onnx"));
        using var once = ModelFile.Load(_folder.At("once", "model.onnx"));
        ProtectedGraphWriter.Write(once, second, _folder.At("twice", "model.onnx"));
        ProtectedGraphWriter.Write(plain, Composed(plain, first, second), _folder.At("composed", "model.onnx"));

        Assert.Equal(
            await ReadAsync(_folder.At("composed", "model.onnx.data")),
            await ReadAsync(_folder.At("twice", "model.onnx.data")));
    }

    [Fact]
    public async Task Protect_Twice_DrawsDifferentKeysAndInstances()
    {
        var options = new ProtectionOptions(Verify: VerificationMode.None);
        var (first, one) = await packages.ProtectAsync(exported, "tiny-gpt2-xl", options, seed: 5);
        var (second, two) = await packages.ProtectAsync(exported, "tiny-gpt2-xl", options, seed: 6);

        Assert.NotEqual(one.Instance, two.Instance);
        Assert.NotEqual(OwnerStore.Load(Path.Combine(first, "owner")).Permutations[0],
            OwnerStore.Load(Path.Combine(second, "owner")).Permutations[0]);
        Assert.Null(one.Verification);
        Assert.Contains(one.Warnings, warning => warning.StartsWith("tied embeddings", StringComparison.Ordinal));
        Assert.True(one.KeyBits > 1000);
    }

    // Once the first of them is verified, the plain model is asked nothing more: its graph may go.
    [Theory]
    [InlineData("tiny-llama2-70b")]
    [InlineData("tiny-mistral-window")]
    [InlineData("tiny-bert-classifier")]
    [InlineData("digits-llava")]
    public async Task Protect_OfSeveralInstances_RunsThePlainModelOnce(string name)
    {
        var plain = _folder.At("plain");
        Directory.CreateDirectory(plain);
        foreach (var file in Directory.GetFiles(await exported.FolderAsync(name)))
        {
            File.Copy(file, Path.Combine(plain, Path.GetFileName(file)));
        }

        var made = PackageProtector.Protect(
            plain,
            [_folder.At("one"), _folder.At("two"), _folder.At("three")],
            new ProtectionOptions(),
            verified: share =>
            {
                foreach (var graph in share >= 0.34 ? Directory.GetFiles(plain, "*.onnx") : [])
                {
                    File.Delete(graph);
                }
            });

        Assert.Empty(Directory.GetFiles(plain, "*.onnx"));
        Assert.All(made, package => Assert.True(package.Verification!.Passed, package.Verification.Worst));
        Assert.InRange(made[2].Verification!.MaxAbsDiff, double.Epsilon, LargestDifference);
    }

    [Fact]
    public async Task KeyBias_MovesWithItsColumns()
    {
        using var package = ProtectedModel.Open(await packages.FolderAsync(exported, "tiny-gpt2-xl"));

        for (var layer = 0; layer < 3; layer++)
        {
            Assert.Equal(
                package.Plan.Initializers[$"layers.{layer}.attention.qkv.weight"].Axes[1],
                package.Plan.Initializers[$"layers.{layer}.attention.qkv.bias"].Axes[0]);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static string GraphOf(string folder, string part = "") => Path.Combine(folder, part, "model.onnx");

    private static Task<byte[]> ReadAsync(string path) =>
        File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);

    private static async Task<ModelProto> ParseAsync(string path) =>
        ModelProto.Parser.ParseFrom(await ReadAsync(path));

    private static ProtectionPlan Draw(ModelFile file, int seed) =>
        DrawnPlans.Draw([GraphPart.Of(file)], [], new SeededRandom(seed)).ByPart["decoder"];

    private static ModelProto WithoutBytes(ModelProto model)
    {
        foreach (var tensor in model.Graph.Initializer.Where(tensor => tensor.DataType != 7))
        {
            tensor.RawData = ByteString.Empty;
            tensor.ExternalData.Clear();
        }

        return model;
    }

    private static ProtectionPlan Inverse(ProtectionPlan plan) => ProtectionPlan.Nothing with
    {
        Initializers = plan.Initializers.Values.ToDictionary(
            entry => entry.Source,
            entry => new InitializerPlan(entry.Source, entry.Name, [.. entry.Axes.Select(axis => axis?.Inverse())])),
    };

    private static ProtectionPlan Composed(ModelFile file, ProtectionPlan first, ProtectionPlan second)
    {
        return ProtectionPlan.Nothing with
        {
            Initializers = file.Tensors.ToDictionary(tensor => tensor.Name, tensor => new InitializerPlan(
                tensor.Name,
                tensor.Name,
                [.. first.Of(tensor).Axes.Zip(second.Of(tensor).Axes, Both)])),
        };

        static Permutation? Both(Permutation? one, Permutation? two) =>
            one is null ? two : two is null ? one : one.Then(two);
    }
}
