using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>
/// What is multiplied with one row never trades places with what is multiplied with another: positions share labels,
/// and a draw that swaps two heads of a model would be wrong.
/// </summary>
public sealed class PickedRowsTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    public static TheoryData<string> Ways { get; } =
        ["first and last", "backwards", "one on", "neighbours side by side", "halves", "reversed"];

    [Theory]
    [MemberData(nameof(Ways))]
    public void RowsOfOtherPlaces_KeepTheirOwnWeights(string way)
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "rows", "x", _graph.Weight("w_rows", 6, 6));
        var (one, other) = Pair(way);
        _graph.Add("MatMul", "left", one, _graph.Weight("w_left", 6, 5));
        _graph.Add("MatMul", "right", other, _graph.Weight("w_right", 6, 5));
        _graph.Add("Add", "y", "left", "right");
        _graph.Output("y", "batch", "some", 5);
        using var file = _graph.Save();

        var analysis = SymmetryAnalysis.Of(file);

        var roots = analysis.Graph.Parts.Single().Weights.Where(weight => weight.Tensor.Name is "w_left" or "w_right");
        Assert.All(roots, weight => Assert.Equal(1, analysis.Classes.Size(weight.Root)));
    }

    public void Dispose() => _graph.Dispose();

    private (string One, string Other) Pair(string way)
    {
        switch (way)
        {
            case "first and last":
                return (Row(0), Row(-1));
            case "backwards":
                return ("rows", Cut("back", -1, int.MinValue, -1));
            case "one on":
                var first = Cut("first", 0, 1, 1);
                return ("rows", _graph.With(
                    "Concat", "shifted", [first, Cut("others", 0, -1, 1)], NodeAttribute.Int("axis", 1)));
            case "neighbours side by side":
                var pairs = _graph.Add("Reshape", "pairs", "rows", _graph.Numbers(1, -1, 12));
                _graph.Graph.Append("", "Split", "split", [pairs], ["even", "odd"],
                    NodeAttribute.Int("axis", 2), NodeAttribute.Int("num_outputs", 2));
                return ("even", "odd");
            case "halves":
                _graph.Graph.Append("", "Split", "split", ["rows"], ["before", "after"],
                    NodeAttribute.Int("axis", 1), NodeAttribute.Int("num_outputs", 2));
                return ("before", "after");
            default:
                var sizes = _graph.With("Shape", "sizes", ["x"], NodeAttribute.Int("end", 2));
                _graph.Graph.Append("", "Split", "split", [sizes], ["batch", "length"],
                    NodeAttribute.Int("num_outputs", 2));
                _graph.Add("Expand", "lengths", "length", "batch");
                return ("rows", _graph.With(
                    "ReverseSequence", "turned", ["rows", "lengths"],
                    NodeAttribute.Int("batch_axis", 0), NodeAttribute.Int("time_axis", 1)));
        }
    }

    private string Row(long place) =>
        _graph.With("Gather", $"row_{place}", ["rows", _graph.Integer(place)], NodeAttribute.Int("axis", 1));

    private string Cut(string name, long start, long end, long step) => _graph.Add(
        "Slice", name, "rows", _graph.Numbers(start), _graph.Numbers(end), _graph.Numbers(1), _graph.Numbers(step));
}
