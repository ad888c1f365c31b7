using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>
/// What is multiplied with one row never trades places with what is multiplied with another, however rows are picked:
/// a draw that swaps two heads of a model would be wrong.
/// </summary>
public sealed class PickedRowsTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    public static TheoryData<string> Ways { get; } =
    [
        "first and last", "backwards", "one on", "neighbours side by side", "halves", "reversed", "reversed in part",
        "three side by side", "four side by side", "sequence", "sequence of pieces", "gathered by places",
        "gathered by elements", "second pick", "compressed",
    ];

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

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(6)]
    public void RowsSideBySide_KeepTheirBlocksOfTheNextMatrix(int rows)
    {
        _graph.Input("x", "batch", "seq", 6);
        _graph.Add("MatMul", "rows", "x", _graph.Weight("w_rows", 6, 6));
        _graph.Add("Reshape", "stacked", "rows", _graph.Numbers(1, -1, 6 * rows));
        _graph.Add("MatMul", "y", "stacked", _graph.Weight("w_stacked", 6 * rows, 5));
        _graph.Output("y", 1, "groups", 5);
        using var file = _graph.Save();

        var analysis = SymmetryAnalysis.Of(file);

        var stacked = analysis.Graph.Parts.Single().Weights.Single(weight => weight.Tensor.Name == "w_stacked");
        Assert.All(stacked.AxisOrNull(0)!, row => Assert.Equal(6, analysis.Classes.Size(row)));
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
            case "three side by side":
                return Stacked(3, 0, 2);
            case "four side by side":
                return Stacked(4, 1, 3);
            case "sequence":
                return (FromSequence("head", 0), FromSequence("tail", -1));
            case "sequence of pieces":
                return (FromSequence("head", 0, 1), FromSequence("tail", -1, 1));
            case "gathered by places":
                return (ByPlaces("ahead", 0), ByPlaces("behind", 2));
            case "gathered by elements":
                return (ByElements("ahead", 0), ByElements("behind", 2));
            case "second pick":
                return (Rows("near", 0, 1), Rows("far", 0, 2));
            case "compressed":
                return (Compressed("ahead", 0), Compressed("behind", 2));
            case "reversed in part":
                return (Reversed("short", 2), Reversed("long", 3));
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

    // So many rows side by side, of which two are read.
    private (string One, string Other) Stacked(int rows, int one, int other)
    {
        var stacked = _graph.Add("Reshape", "stacked", "rows", _graph.Numbers(1, -1, 6 * rows));
        string[] parts = [.. Enumerable.Range(0, rows).Select(row => $"part_{row}")];
        _graph.Graph.Append("", "Split", "split", [stacked], parts,
            NodeAttribute.Int("axis", 2), NodeAttribute.Int("num_outputs", rows));
        return (parts[one], parts[other]);
    }

    // One row, taken out of a list of all.
    private string FromSequence(string name, long place, params long[] pieces)
    {
        string[] inputs = pieces.Length == 0 ? ["rows"] : ["rows", _graph.Integer(pieces[0])];
        var list = _graph.With("SplitToSequence", $"{name}_list", inputs,
            NodeAttribute.Int("axis", 1), NodeAttribute.Int("keepdims", 1));
        return _graph.Add("SequenceAt", name, list, _graph.Integer(place));
    }

    private string ByPlaces(string name, long place)
    {
        var first = Turned($"{name}_first", "rows");
        var picked = _graph.Add(
            "GatherND", $"{name}_picked", first, _graph.Add(
                "Unsqueeze", $"{name}_places", _graph.Numbers(place), _graph.Numbers(0)));
        return Turned(name, picked);
    }

    private string Turned(string name, string rows) =>
        _graph.With("Transpose", name, [rows], NodeAttribute.Ints("perm", [1, 0, 2]));

    private string ByElements(string name, long place)
    {
        var sizes = _graph.With("Shape", $"{name}_batch", ["x"], NodeAttribute.Int("end", 1));
        var shape = _graph.With("Concat", $"{name}_shape", [sizes, _graph.Numbers(1, 6)], NodeAttribute.Int("axis", 0));
        var places = _graph.Add("Expand", $"{name}_places", _graph.Numbers(place), shape);
        return _graph.With("GatherElements", name, ["rows", places], NodeAttribute.Int("axis", 1));
    }

    private string Rows(string name, params long[] places) =>
        _graph.With("Gather", name, ["rows", _graph.Numbers(places)], NodeAttribute.Int("axis", 1));

    private string Compressed(string name, int place)
    {
        long[] kept = [.. Enumerable.Range(0, place + 1).Select(row => row == place ? 1L : 0L)];
        var condition = _graph.With("Cast", $"{name}_kept", [_graph.Numbers(kept)], NodeAttribute.Int("to", 9));
        return _graph.With("Compress", name, ["rows", condition], NodeAttribute.Int("axis", 1));
    }

    private string Reversed(string name, long length)
    {
        var sizes = _graph.With("Shape", $"{name}_batch", ["x"], NodeAttribute.Int("end", 1));
        var lengths = _graph.Add("Expand", $"{name}_lengths", _graph.Numbers(length), sizes);
        return _graph.With(
            "ReverseSequence", name, ["rows", lengths],
            NodeAttribute.Int("batch_axis", 0), NodeAttribute.Int("time_axis", 1));
    }

    private string Row(long place) =>
        _graph.With("Gather", $"row_{place}", ["rows", _graph.Integer(place)], NodeAttribute.Int("axis", 1));

    private string Cut(string name, long start, long end, long step) => _graph.Add(
        "Slice", name, "rows", _graph.Numbers(start), _graph.Numbers(end), _graph.Numbers(1), _graph.Numbers(step));
}
