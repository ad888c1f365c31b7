using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Scores that are kept by rows tell apart what scores cell by cell tell apart.</summary>
public sealed class FoldedScoresTests : IDisposable
{
    private const int Width = 7;
    private readonly SmallGraph _graph = new();

    [Fact]
    public void KeysWithTheSameCellsInAnotherOrder_KeepTheirOwnValues()
    {
        var (keys, values) = (WithTurnedRows("k"), WithTurnedRows("v"));
        var turned = _graph.With("Transpose", "kt", [keys], NodeAttribute.Ints("perm", 0, 2, 1));
        var scores = _graph.Add("MatMul", "scores", _graph.Hidden(Width, "q"), turned);
        var shares = _graph.With("Softmax", "shares", [scores], NodeAttribute.Int("axis", -1));
        _graph.Finish(_graph.Add("MatMul", "mixed", shares, values), Width);
        using var file = _graph.Save();

        TwoForms.AssertAgree(file);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(int.MaxValue)]
    public void Heads_WithFactorsOfTheirOwn_DoNotTradePlaces(int mostScores)
    {
        _graph.Add("Add", "sum", Head("a", 0.5f), Head("b", 0.25f));
        _graph.Finish("sum", Width);
        using var file = _graph.Save();

        var analysis = SymmetryAnalysis.Of(file, mostScores: mostScores);

        var roots = analysis.Graph.Weights.Where(weight => weight.Tensor.Name is "w_q_a" or "w_q_b")
            .Select(weight => analysis.Classes.Size(weight.Root)).ToArray();
        Assert.Equal([1, 1], roots);
    }

    public void Dispose() => _graph.Dispose();

    // Rows, and the same rows with their first two features traded.
    private string WithTurnedRows(string name)
    {
        var rows = _graph.Hidden(Width, name);
        var traded = _graph.With(
            "Gather", $"{name}_traded", [rows, _graph.Numbers(1, 0, 2, 3, 4, 5, 6)], NodeAttribute.Int("axis", 2));
        return _graph.With("Concat", $"{name}_all", [rows, traded], NodeAttribute.Int("axis", 1));
    }

    private string Head(string name, float factor)
    {
        var scores = _graph.Microsoft(
            "FusedMatMul", $"scores_{name}", [_graph.Hidden(Width, $"q_{name}"), _graph.Hidden(Width, $"k_{name}")],
            NodeAttribute.Int("transB", 1), NodeAttribute.Float("alpha", factor));
        var shares = _graph.With("Softmax", $"shares_{name}", [scores], NodeAttribute.Int("axis", -1));
        return _graph.Add("MatMul", $"mixed_{name}", shares, _graph.Hidden(Width, $"v_{name}"));
    }
}
