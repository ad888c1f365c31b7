using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Graphs that run at few sizes only.</summary>
public sealed class ProbeSizesTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    public void Dispose() => _graph.Dispose();

    // As Moonshine's encoder: one frame of the last is 937 samples.
    [Fact]
    public void Sound_OfALongReach_IsFollowed()
    {
        _graph.Input("input_values", "batch", "num_samples");
        var frames = _graph.Add("Unsqueeze", "frames", "input_values", _graph.Numbers(1));
        foreach (var (kernel, stride) in new[] { (127, 64), (7, 3), (3, 2) })
        {
            var (name, channels) = ($"conv_{kernel}", kernel == 127 ? 1 : 4);
            frames = _graph.With(
                "Conv", name, [frames, _graph.Weight($"w_{kernel}", 4, channels, kernel)],
                NodeAttribute.Ints("strides", stride));
        }

        _graph.With("Transpose", "rows", [frames], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Finish("rows", 4);
        using var file = _graph.Save();

        var analysis = SymmetryAnalysis.Of(file);

        var last = analysis.Graph.Weights.Single(weight => weight.Tensor.Name == "w_3");
        Assert.Equal(4, analysis.Classes.Size(last.AxisOrNull(0)![0]));
    }

    // Four convolutions down to a grid that something after them has fixed, as LeViT's biases have.
    [Fact]
    public void Picture_ThatFitsAtOneSideOnly_IsFollowed()
    {
        Shrunk(14, 14);
        using var file = _graph.Save();

        var analysis = SymmetryAnalysis.Of(file);

        var last = analysis.Graph.Weights.Single(weight => weight.Tensor.Name == "w_3");
        Assert.Equal(4, analysis.Classes.Size(last.AxisOrNull(0)![0]));
    }

    [Fact]
    public void Picture_ThatFitsAtNoSideTried_SaysWhatHelps()
    {
        Shrunk(13, 14);
        using var file = _graph.Save();

        var refusal = Assert.Throws<RefusedException>(() => SymmetryAnalysis.Of(file));

        Assert.Contains("fixing height and width", refusal.Message, StringComparison.Ordinal);
    }

    // The largest of nothing: there is none, and no run of labels ends without a word.
    [Fact]
    public void LargestNumber_OfNone_IsRefused()
    {
        _graph.Graph.AddInput("ids", Stip.Protocol.Tensors.TensorDtype.Int64, "batch", 0);
        _graph.With("ReduceMax", "top", ["ids"], NodeAttribute.Ints("axes", 1));
        _graph.Opset = 13;
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("Add", "sum", "x", _graph.With("Cast", "number", ["top"], NodeAttribute.Int("to", 1)));
        _graph.Finish("sum", 6);
        using var file = _graph.Save();

        var refusal = Assert.Throws<RefusedException>(() => SymmetryAnalysis.Of(file));

        Assert.Contains("ReduceMax", refusal.Message, StringComparison.Ordinal);
    }

    private void Shrunk(int height, int width)
    {
        _graph.Input("x", "batch", 3, "height", "width");
        var map = "x";
        for (var stage = 0; stage < 4; stage++)
        {
            map = _graph.With(
                "Conv", $"map_{stage}", [map, _graph.Weight($"w_{stage}", 4, stage == 0 ? 3 : 4, 3, 3)],
                NodeAttribute.Ints("strides", 2, 2), NodeAttribute.Ints("pads", 1, 1, 1, 1));
        }

        _graph.Add("Reshape", "grid", map, _graph.Numbers(0, 4, height, width));
        _graph.Add("Flatten", "flat", _graph.Add("GlobalAveragePool", "mean", "grid"));
        _graph.Add("MatMul", "y", "flat", _graph.Weight("w_y", 4, 7));
        _graph.Output("y", "batch", 7);
    }
}
