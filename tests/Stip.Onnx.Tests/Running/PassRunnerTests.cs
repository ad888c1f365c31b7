using Stip.Onnx.Execution;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Running;

public sealed class PassRunnerTests : IDisposable
{
    private const int Hidden = 12;

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    // As Optimum writes models that choose among texts.
    [Fact]
    public void Run_OfAGraphWithAnAxisOfChoices_GivesItTheIdsAsTheyAre()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "choices", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", 11, Hidden), "input_ids");
        _graph.Add("MatMul", "wide", "rows", _graph.Weight("up", Hidden, 10));
        _graph.Add("Relu", "active", "wide");
        _graph.Add("ReduceMean", "mean", "active", _graph.Numbers(2));
        _graph.Add("Squeeze", "texts", "mean", _graph.Numbers(2));
        _graph.Add("MatMul", "logits", "texts", _graph.Weight("down", 10, 3));
        _graph.Output("logits", "batch", "choices", 3);
        _graph.Save().Dispose();
        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("choices"), new SeededRandom(3));
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([1L, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 1], 1, 2, 6),
        };

        var plain = Assert.Single(WholeModel.Run(_graph.FilePath, inputs)).Tensor;
        var given = Assert.Single(WholeModel.Run(_folder.At("package"), inputs)).Tensor;

        // The same sums in another order.
        Assert.Equal(plain.Shape, given.Shape);
        Assert.All(plain.ToFloats().Zip(given.ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 2e-5f));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }
}
