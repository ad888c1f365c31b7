using Stip.Onnx.Model;
using Stip.Onnx.Protection.WholeSequences;
using Stip.Onnx.Tests.Symmetry;

namespace Stip.Onnx.Tests.Protection.WholeSequences;

/// <summary>Which ends of a graph know its last row alone.</summary>
public sealed class LastRowTakenTests : IDisposable
{
    private const int Layers = 2;
    private const int Width = 6;
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData("last", true)]
    [InlineData("last, normed", true)]
    [InlineData("last, normed by its axis", true)]
    [InlineData("last of a batch that comes second", true)]
    [InlineData("last of reshaped", true)]
    [InlineData("last of reshaped by a size", true)]
    [InlineData("last of reshaped by a cut", true)] // nothing tells how long it is
    [InlineData("last of one text", true)]
    [InlineData("last of pooled texts", false)]
    [InlineData("last layer, pooled", false)] // of all hidden states
    [InlineData("last text, pooled", false)]
    [InlineData("last layer", false)]
    [InlineData("last head", false)]
    [InlineData("last, most of rows", false)]
    [InlineData("pooled", false)]
    [InlineData("last feature", false)]
    public void Is_OfAnEnd_SaysWhetherItKnowsTheLastRowAlone(string end, bool expected)
    {
        _graph.Input("x", "batch", "seq", Width);
        _graph.Add("Shape", "lengths", "x");
        var rows = _graph.Add("MatMul", "h", "x", _graph.Weight("w", Width, Width));
        var y = end switch
        {
            "last" => Last(rows, 1),
            "last, normed" => Normed(Last(rows, 1), -1),
            "last, normed by its axis" => Normed(Last(rows, 1), 1),
            "last of a batch that comes second" => Last(
                _graph.With("Transpose", "turned", [rows], NodeAttribute.Ints("perm", 1, 0, 2)), 0),
            "last of reshaped" => Last(_graph.Add("Reshape", "same", Tall(rows), "lengths"), -2),
            "last of reshaped by a size" => Last(Shaped(rows, _graph.Add("Reshape", "size", _graph.Add(
                "Gather", "number", "lengths", _graph.Graph.AddScalarConstant("place", 1)), _graph.Numbers(-1))), 1),
            "last of reshaped by a cut" => Last(Shaped(rows, _graph.Add(
                "Slice", "size", "lengths", _graph.Numbers(1), _graph.Numbers(2))), 1),
            "last of one text" => Last(_graph.Add("Squeeze", "text", rows, _graph.Numbers(0)), 0),
            "last of pooled texts" => Last(Pooled(rows), 0),
            "last layer, pooled" => Pooled(Last(Layer(rows), 0)),
            "last text, pooled" => Pooled(Last(rows, 0), 0),
            "last layer" => Last(Layer(rows), 0),
            "last head" => Last(Layer(rows), 1),
            "last, most of rows" => Pooled(_graph.Add("Add", "beside", rows, _graph.With(
                "Gather", "last_row", [rows, _graph.Numbers(-1)], NodeAttribute.Int("axis", 1)))),
            "pooled" => Pooled(rows),
            _ => Last(_graph.Add("Squeeze", "text", rows, _graph.Numbers(0)), 1),
        };

        Assert.Equal(expected, LastRowTaken.Is(_graph.Graph.Graph, y));
    }

    public void Dispose() => _graph.Dispose();

    private string Last(string name, int axis) =>
        _graph.With(
            "Gather",
            $"{name}_last",
            [name, _graph.Graph.AddScalarConstant($"{name}_place", -1)],
            NodeAttribute.Int("axis", axis));

    private string Tall(string name) => _graph.Add("Reshape", "tall", name, _graph.Numbers(-1, Width));

    private string Shaped(string name, string size) => _graph.Add("Reshape", "shaped", name, _graph.With(
        "Concat", "sizes", [_graph.Numbers(-1), size, _graph.Numbers(Width)], NodeAttribute.Int("axis", 0)));

    private string Pooled(string name, int axis = 1) =>
        _graph.With("ReduceMax", "pooled", [name, _graph.Numbers(axis)], NodeAttribute.Int("keepdims", 0));

    private string Normed(string name, int axis) => _graph.Add(
        "Sub", "normed", name, _graph.Add("ReduceMean", "mean", name, _graph.Numbers(axis)));

    // [layers, batch, seq, width]
    private string Layer(string rows)
    {
        string[] layers =
        [
            .. Enumerable.Range(0, Layers).Select(layer => _graph.Add(
                "Unsqueeze", $"of_{layer}", _graph.Add("MatMul", $"layer_{layer}", rows, _graph.Weight(
                    $"w_{layer}", Width, Width)), _graph.Numbers(0))),
        ];
        return _graph.With("Concat", "layers", layers, NodeAttribute.Int("axis", 0));
    }
}
