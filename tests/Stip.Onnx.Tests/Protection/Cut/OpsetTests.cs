using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>The same transformer in every opset that graphs of today are written in.</summary>
public sealed class OpsetTests : IDisposable
{
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<int> Opsets { get; } = [.. Enumerable.Range(13, 24 - 13 + 1)];

    [Theory]
    [MemberData(nameof(Opsets))]
    public void Protect_OfAnOpset_IsExactAndMovesEverything(int opset)
    {
        OpsetGraph.Build(_graph, opset);
        using (var file = _graph.Save())
        {
            Assert.Equal(opset, file.Model.OpsetImport.Single(set => set.Domain.Length == 0).Version);
        }

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(opset));

        Assert.True(made.Verification!.Passed);
        using var package = ProtectedModel.Open(_folder.At("package"));
        using var cloud = ModelFile.Load(package.GraphPath);
        Assert.All(cloud.Tensors.Where(tensor => tensor.Shape is [> 1, > 1]), tensor => Assert.True(
            package.Plan.Of(tensor).Axes[^1] is not null, $"{tensor.Name} stayed"));
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L, 3L, 7L, 1L], 2, 3),
            ["position_ids"] = HostTensor.FromIntegers([0L, 1L, 2L, 4L, 5L, 6L], 2, 3),
        };
        var (_, plain) = Assert.Single(WholeModel.Run(_graph.FilePath, inputs));
        var (_, moved) = Assert.Single(WholeModel.Run(_folder.At("package"), inputs));

        // float32 sums of at most 12 terms of about 1 in another order.
        Assert.All(plain.ToFloats().Zip(moved.ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }
}
