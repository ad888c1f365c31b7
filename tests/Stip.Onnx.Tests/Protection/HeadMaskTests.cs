using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Masks and biases that the caller gives for every head: heads that look alike are told apart by them.
/// </summary>
public sealed class HeadMaskTests : IDisposable
{
    private const int Heads = 4;
    private const int HeadDim = 3;
    private const int Hidden = Heads * HeadDim;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(TensorDtype.Float32)]
    [InlineData(TensorDtype.Int64)]
    public void Run_OfAMaskForEveryHead_GivesWhatThePlainGraphGives(TensorDtype type)
    {
        Build(type);
        _graph.Save().Dispose();
        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        var random = new Random(8);
        long[] switches = [.. Enumerable.Range(0, Heads * 9).Select(i => i % 3 == 0 ? 1L : random.Next(2))];
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([4L, 0L, 9L], 1, 3),
            ["attention_mask"] = type == TensorDtype.Int64 ? HostTensor.FromIntegers(switches, 1, Heads, 3, 3)
                : HostTensor.FromFloats([.. switches.Select(on => on * 2.5f)], 1, Heads, 3, 3),
        };
        var plain = WholeModel.Run(_graph.FilePath, inputs).Single().Tensor.ToFloats();
        var moved = WholeModel.Run(_folder.At("package"), inputs).Single().Tensor.ToFloats();
        // float32 sums of 12 terms in another order.
        Assert.All(plain.Zip(moved), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void Build(TensorDtype type)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddInput("attention_mask", type, "batch", Heads, "seq", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("tokens", 11, Hidden), "input_ids");
        foreach (var name in new[] { "q", "k", "v" })
        {
            _graph.Add("MatMul", name, "rows", _graph.Weight($"w_{name}", Hidden, Hidden));
            _graph.Add("Reshape", $"{name}_split", name, _graph.Numbers(0, 0, Heads, HeadDim));
            _graph.With(
                "Transpose", $"{name}_heads", [$"{name}_split"],
                name == "k" ? NodeAttribute.Ints("perm", 0, 2, 3, 1) : NodeAttribute.Ints("perm", 0, 2, 1, 3));
        }

        _graph.Add("MatMul", "scores", "q_heads", "k_heads");
        _graph.With("Cast", "bias", ["attention_mask"], NodeAttribute.Int("to", 1));
        _graph.Add("Softmax", "shares", _graph.Add("Add", "masked", "scores", "bias"));
        _graph.Add("MatMul", "mixed", "shares", "v_heads");
        _graph.With("Transpose", "turned", ["mixed"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        _graph.Add("Reshape", "merged", "turned", _graph.Numbers(0, 0, Hidden));
        _graph.Add("MatMul", "logits", "merged", _graph.Weight("head", Hidden, 11));
        _graph.Output("logits", "batch", "seq", 11);
    }
}
