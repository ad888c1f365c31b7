using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class RandomBlockTests
{
    private const int SeedsAtOnce = 8;

    /// <summary>First seeds of blocks between features and logits.</summary>
    public static TheoryData<int> FeatureSeeds { get; } = [0, 8, 16, 24];

    /// <summary>First seeds of blocks from ids on, with tied heads among them.</summary>
    public static TheoryData<int> IdSeeds { get; } = [60, 68];

    [Theory]
    [MemberData(nameof(FeatureSeeds))]
    public void Blocks_OfEveryKind_AreExact(int firstSeed)
    {
        for (var seed = firstSeed; seed < firstSeed + SeedsAtOnce; seed++)
        {
            using var graph = new SmallGraph();
            new RandomBlock(graph, seed).Build();

            var plan = ProtocolLaw.AssertHolds(graph);

            Assert.NotNull(plan.Inputs["x"].Permutation);
            Assert.NotNull(plan.Outputs["logits"].Permutation);
        }
    }

    [Theory]
    [MemberData(nameof(IdSeeds))]
    public void BlocksFromIds_TiedOrNot_AreExactAndTheKeysGiveTheBytesBack(int firstSeed)
    {
        for (var seed = firstSeed; seed < firstSeed + SeedsAtOnce; seed++)
        {
            using var graph = new SmallGraph();
            using var folder = new TemporaryFolder();
            var block = new RandomBlock(graph, seed);
            block.Build(fromIds: true);
            graph.Save().Dispose();

            var made = PackageProtector.Protect(
                graph.FilePath, folder.At("package"), new ProtectionOptions("block"), new SeededRandom(seed));

            Assert.True(made.Verification!.Passed);
            Assert.Equal(block.Traits.Contains("tied"), made.Warnings.Any(
                warning => warning.StartsWith("tied embeddings", StringComparison.Ordinal)));
            AssertSame(graph.FilePath, folder.At("package"));
            AssertBytesComeBack(graph.FilePath, folder.At("package"));
        }
    }

    [Fact]
    public void Seeds_OfTheseTests_DrawEverythingThatABlockMayBeMadeOf()
    {
        var drawn = Traits(FeatureSeeds, fromIds: false);
        var drawnFromIds = Traits(IdSeeds, fromIds: true);

        Assert.Equal(RandomBlock.EveryTrait.Except(["tied", "not tied"]).Order(), drawn.Order());
        Assert.Equal(RandomBlock.EveryTrait.Order(), drawnFromIds.Union(drawn).Order());
        Assert.Contains("tied", drawnFromIds);
        Assert.Contains("not tied", drawnFromIds);
    }

    [Theory]
    [InlineData(40)]
    [InlineData(41)]
    [InlineData(42)]
    public void PermutingTwice_Composes(int seed)
    {
        using var graph = new SmallGraph();
        new RandomBlock(graph, seed).Build();

        ProtocolLaw.AssertComposes(graph);
    }

    private static HashSet<string> Traits(IEnumerable<TheoryDataRow<int>> firstSeeds, bool fromIds) =>
        [.. firstSeeds.SelectMany(row => Enumerable.Range(row.Data, SeedsAtOnce)).SelectMany(seed =>
        {
            using var graph = new SmallGraph();
            var block = new RandomBlock(graph, seed);
            block.Build(fromIds);
            return block.Traits;
        })];

    private static void AssertSame(string path, string package)
    {
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L, 3L, 14L, 7L], 2, 3),
        };
        var (_, plain) = Assert.Single(WholeModel.Run(path, inputs));
        var (_, moved) = Assert.Single(WholeModel.Run(package, inputs));

        // float32 sums of at most 40 terms of about 1 in another order.
        Assert.All(plain.ToFloats().Zip(moved.ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
    }

    // What the owner keeps is enough to make the plain file's bytes of the server's.
    private static void AssertBytesComeBack(string path, string package)
    {
        using var plain = ModelFile.Load(path);
        using var moved = ProtectedModel.Open(package);
        using var cloud = ModelFile.Load(moved.GraphPath);
        Assert.NotEmpty(cloud.Tensors);
        foreach (var tensor in cloud.Tensors)
        {
            var step = moved.Plan.Of(tensor);
            using var bytes = new MemoryStream();
            PermutedCopy.Write(tensor, [.. step.Axes.Select(axis => axis?.Inverse())], bytes);
            Assert.Equal(plain.Tensors.Single(source => source.Name == step.Source).Bytes().ToArray(), bytes.ToArray());
        }
    }
}
