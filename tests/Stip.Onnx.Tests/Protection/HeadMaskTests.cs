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
    private const int Words = 11;
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
        AssertEqual(inputs);
    }

    [Theory]
    [InlineData(TensorDtype.Bool)]
    [InlineData(TensorDtype.Int64)]
    public void Run_OfASwitchForEveryHead_TurnsOffWhatThePlainGraphTurnsOff(TensorDtype type)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddInput("head_mask", type, Heads);
        _graph.With("Cast", "numbers", ["head_mask"], NodeAttribute.Int("to", 1));
        Attend("shares", () => _graph.Add(
            "Mul", "kept", "shares", _graph.Add("Unsqueeze", "switches", "numbers", _graph.Numbers(1, 2))));
        _graph.Save().Dispose();
        PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        byte[] halves = [1, 0, 0, 1];
        AssertEqual(new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([4L, 0L, 9L], 1, 3),
            ["head_mask"] = type == TensorDtype.Bool ? new HostTensor(type, [Heads], halves)
                : HostTensor.FromIntegers([.. halves.Select(on => (long)on)], Heads),
        });
    }

    [Theory]
    [InlineData(TensorDtype.Bool, false, false)]
    [InlineData(TensorDtype.Bool, true, false)]
    [InlineData(TensorDtype.Int64, true, false)]
    [InlineData(TensorDtype.Bool, false, true)]
    [InlineData(TensorDtype.Int64, true, true)]
    public void Protect_OfAMaskForEveryWord_SaysThatWordsWouldStay(TensorDtype type, bool hasBatch, bool hasCache)
    {
        Axis[] axes = hasBatch ? ["batch", Words] : [Words];
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddInput("allowed", type, axes);
        var rows = _graph.Add("Gather", "rows", _graph.Weight("tokens", Words, Hidden), "input_ids");
        if (hasCache)
        {
            _graph.Input("past_key_values.0.key", "batch", 1, "past_sequence_length", Hidden);
            _graph.Add("Unsqueeze", "key", rows, _graph.Numbers(1));
            _graph.With(
                "Concat", "present.0.key", ["past_key_values.0.key", "key"], NodeAttribute.Int("axis", 2));
            _graph.With(
                "ReduceMean", "mean", ["present.0.key", _graph.Numbers(1, 2)], NodeAttribute.Int("keepdims", 0));
            rows = _graph.Add("Add", "stream", rows, _graph.Add("Unsqueeze", "means", "mean", _graph.Numbers(1)));
            _graph.Output("present.0.key", "batch", 1, "total_sequence_length", Hidden);
        }

        _graph.Add("MatMul", "scores", rows, _graph.Weight("head", Hidden, Words));
        _graph.With("Cast", "chosen", ["allowed"], NodeAttribute.Int("to", 9));
        var chosen = hasBatch ? _graph.Add("Unsqueeze", "chosen_row", "chosen", _graph.Numbers(1)) : "chosen";
        _graph.Add("Where", "logits", chosen, "scores", _graph.Number(-1e4f));
        _graph.Output("logits", "batch", "seq", Words);
        _graph.Save().Dispose();

        // The mask crosses as it is, in the order of the words: so must the logits that it hides.
        var refusal = Assert.Throws<RefusedException>(() => PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3)));

        Assert.Contains("only 0 of 11 features of 'logits' can move", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private void AssertEqual(Dictionary<string, HostTensor> inputs)
    {
        var plain = WholeModel.Run(_graph.FilePath, inputs).Single().Tensor.ToFloats();
        var moved = WholeModel.Run(_folder.At("package"), inputs).Single().Tensor.ToFloats();
        // float32 sums of 12 terms in another order.
        Assert.All(plain.Zip(moved), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
    }

    private void Build(TensorDtype type)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Graph.AddInput("attention_mask", type, "batch", Heads, "seq", "seq");
        _graph.With("Cast", "bias", ["attention_mask"], NodeAttribute.Int("to", 1));
        Attend("masked", () => _graph.Add("Add", "masked", "scores", "bias"));
    }

    // Softmax reads what is called "masked" or the scores; the values are mixed by what is made of the shares.
    private void Attend(string step, Func<string> make)
    {
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
        _graph.Add("Softmax", "shares", step == "masked" ? make() : "scores");
        _graph.Add("MatMul", "mixed", step == "shares" ? make() : "shares", "v_heads");
        _graph.With("Transpose", "turned", ["mixed"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        _graph.Add("Reshape", "merged", "turned", _graph.Numbers(0, 0, Hidden));
        _graph.Add("MatMul", "logits", "merged", _graph.Weight("head", Hidden, 11));
        _graph.Output("logits", "batch", "seq", 11);
    }
}
