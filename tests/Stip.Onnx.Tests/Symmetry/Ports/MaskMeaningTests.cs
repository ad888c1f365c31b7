using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry.Ports;

/// <summary>Which numbers of a mask let scores count is told by what a graph makes of them.</summary>
public sealed class MaskMeaningTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData("added", TensorDtype.Float32, "bias")]
    [InlineData("added before another", TensorDtype.Float32, "bias")]
    [InlineData("floored", TensorDtype.Float32, "bias")]
    [InlineData("turned round", TensorDtype.Float32, "mask")]
    [InlineData("turned round", TensorDtype.Int64, "mask")]
    [InlineData("chosen by", TensorDtype.Bool, "mask")]
    [InlineData("chosen by with places", TensorDtype.Bool, "mask")]
    [InlineData("chosen against", TensorDtype.Bool, "blocked")]
    [InlineData("weighed", TensorDtype.Int64, "blocked")]
    [InlineData("compared", TensorDtype.Int64, "mask")]
    [InlineData("counted", TensorDtype.Int64, null)]
    [InlineData("weighed a little", TensorDtype.Float32, null)]
    public void Of_AMask_IsWhatItsNumbersDo(string use, TensorDtype dtype, string? meaning)
    {
        _graph.Graph.AddInput("mask", dtype, "batch", 1, "rows", "total");
        _graph.Input("scores", "batch", 2, "rows", "total");
        _graph.With("Softmax", "shares", [Masked(use)], NodeAttribute.Int("axis", -1));

        Assert.Equal(meaning, MaskMeaning.Of(_graph.Graph.Graph, "mask"));
    }

    public void Dispose() => _graph.Dispose();

    private string Masked(string use) => use switch
    {
        "added" => _graph.Add("Add", "seen", "scores", "mask"),
        "added before another" => _graph.Add(
            "Add", "both", _graph.Add("Add", "seen", "mask", "scores"), _graph.Add("Abs", "distances", "scores")),
        "floored" => _graph.Add(
            "Max", "above", _graph.Add("Add", "seen", "scores", "mask"), _graph.Number(float.MinValue)),
        "turned round" => _graph.Add("Add", "seen", "scores", _graph.Add(
            "Mul", "bias", _graph.Add("Sub", "absent", _graph.Number(1), Floats()), _graph.Number(-1e4f))),
        "chosen by" => _graph.Add("Where", "seen", "mask", "scores", _graph.Number(float.NegativeInfinity)),
        "chosen by with places" => _graph.Add(
            "Where", "seen", _graph.Add("Not", "none", _graph.Add("And", "both", "mask", "known")),
            _graph.Number(-1e9f), "scores"),
        "chosen against" => _graph.Add("Where", "seen", "mask", _graph.Number(-1e9f), "scores"),
        "weighed" => _graph.Add(
            "Add", "seen", "scores", _graph.Add("Mul", "bias", Floats(), _graph.Number(-1e9f))),
        "compared" => _graph.Add(
            "Where", "seen", _graph.Add("Equal", "absent", "mask", _graph.Integer(0)), _graph.Number(-1e9f), "scores"),
        "counted" => _graph.Add("Mul", "scaled", "scores", _graph.Add("ReduceSum", "count", Floats())),
        _ => _graph.Add("Mul", "scaled", "scores", "mask"),
    };

    private string Floats() => _graph.With("Cast", "floats", ["mask"], NodeAttribute.Int("to", 1));
}
