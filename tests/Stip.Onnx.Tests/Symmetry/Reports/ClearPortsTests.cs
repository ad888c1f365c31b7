using System.Security.Cryptography;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry.Reports;

/// <summary>What crosses in the clear is named; what moves is not.</summary>
public sealed class ClearPortsTests
{
    [Fact]
    public void ScoreOfAToken_StaysPlain_IsNamed()
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", 8);
        graph.Add("MatMul", "y", "x", graph.Weight("w", 8, 8));
        graph.Add("MatMul", "score", "y", graph.Weight("v", 8, 1));
        graph.Output("y", "batch", "seq", 8);
        graph.Output("score", "batch", "seq", 1);
        using var file = graph.Save();
        using var random = RandomNumberGenerator.Create();

        var report = SymmetryInspector.Report(SymmetryAnalysis.Of(file), random);

        Assert.Equal(["output 'score'"], report.Clear);
    }
}
