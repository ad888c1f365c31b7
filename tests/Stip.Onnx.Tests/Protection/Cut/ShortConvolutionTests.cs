using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Decoders whose layers convolve the last few positions, the state of which they hand on (LFM2).</summary>
public sealed class ShortConvolutionTests : IDisposable
{
    private const int Hidden = 8;
    private const int Vocabulary = 11;
    private const int Kernel = 3;
    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Protect_OfAStateBeforeAConvolution_LeavesItToTheServer(bool isLater)
    {
        _graph.Graph.AddInput("input_ids", Stip.Protocol.Tensors.TensorDtype.Int64, "batch", "seq");
        var rows = _graph.Add("Gather", "rows", _graph.Weight("table", Vocabulary, Hidden), "input_ids");
        Layer(isLater ? FeedForward(rows) : rows);
        _graph.Add("MatMul", "logits", "out", _graph.Weight("head", Hidden, Vocabulary));
        _graph.Output("logits", "batch", "seq", Vocabulary);
        _graph.Save().Dispose();

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "model.onnx"));
        Assert.Contains("past_conv.0", cloud.Graph.Input.Select(input => input.Name));
        using var package = ProtectedModel.Open(_folder.At("package"));
        Assert.NotNull(package.Plan.Inputs["past_conv.0"].Permutation);
    }

    public void Dispose()
    {
        _graph.Dispose();
        _folder.Dispose();
    }

    private string FeedForward(string rows)
    {
        _graph.Add("MatMul", "up", rows, _graph.Weight("w_up", Hidden, 2 * Hidden));
        _graph.Add("Relu", "active", "up");
        return _graph.Add("MatMul", "first", "active", _graph.Weight("w_1", 2 * Hidden, Hidden));
    }

    // b, c and x of the same features: c times a convolution of b times x.
    private void Layer(string rows)
    {
        _graph.Input("past_conv.0", "batch", Hidden, Kernel - 1);
        string[] parts = [.. new[] { "b", "c", "x" }.Select(name => _graph.With(
            "Transpose", name,
            [_graph.Add("MatMul", $"{name}_rows", rows, _graph.Weight($"w_{name}", Hidden, Hidden))],
            NodeAttribute.Ints("perm", 0, 2, 1)))];
        _graph.Add("Mul", "bx", parts[0], parts[2]);
        _graph.With("Concat", "all", ["past_conv.0", "bx"], NodeAttribute.Int("axis", 2));
        _graph.Add(
            "Slice", "present_conv.0", "all", _graph.Numbers(1 - Kernel), _graph.Numbers(int.MaxValue),
            _graph.Numbers(2));
        _graph.Output("present_conv.0", "batch", Hidden, Kernel - 1);
        _graph.With(
            "Conv", "convolved", ["all", _graph.Weight("kernel", Hidden, 1, Kernel)],
            NodeAttribute.Int("group", Hidden));
        _graph.Add("Mul", "gated", parts[1], "convolved");
        _graph.With("Transpose", "back", ["gated"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "down", "back", _graph.Weight("w_down", Hidden, Hidden));
        _graph.Add("Add", "out", "down", rows);
    }
}
