using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>An output whose features do not stand last, as towers give feature maps that they made of rows.</summary>
public sealed class TurnedOutputTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData("b", "c")]
    [InlineData("sequence_length", "d")]
    public void FeaturesOfAnOutputThatNamesNoLengths_Move(string rows, string columns)
    {
        Build(rows, columns);
        _graph.Save().Dispose();

        Assert.Contains(SymmetryInspector.Inspect(_graph.FilePath).Classes, one => one.Size == 8);
    }

    [Fact]
    public void FeaturesOfAnOutputThatNamesNoLengths_KeepTheFunction()
    {
        Build("b", "c");

        ProtocolLaw.AssertHolds(_graph);
    }

    // As PyTorch names axes that nobody named: a score for each pair of tokens, or labels that are as many as tokens.
    [Theory]
    [InlineData("pairs")]
    [InlineData("labels", 2)]
    [InlineData("turned", 1)]
    public void ScoresOfPairsOfTokens_AreNoFeatures(string what, params int[] features)
    {
        if (what == "pairs")
        {
            _graph.Add("MatMul", "y", _graph.Hidden(8, "q"), _graph.With(
                "Transpose", "k_turned", [_graph.Hidden(8, "k")], NodeAttribute.Ints("perm", 0, 2, 1)));
        }
        else
        {
            var labels = _graph.Add(
                "MatMul", what == "labels" ? "y" : "labels", _graph.Hidden(8), _graph.Weight("w_y", 8, 3));
            _ = what == "labels" ? labels
                : _graph.With("Transpose", "y", [labels], NodeAttribute.Ints("perm", 0, 2, 1));
        }

        _graph.Output("y", "batch", "MatMuly_dim_1", "MatMuly_dim_2");
        using var file = _graph.Save();

        Assert.Equal(features, SymmetryAnalysis.Of(file).Graph.Outputs.Single().FeatureAxes);
    }

    public void Dispose() => _graph.Dispose();

    private void Build(string rows, string columns)
    {
        _graph.Add("Tanh", "kept", _graph.Hidden(8));
        _graph.With("Transpose", "y", ["kept"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Output("y", "batch", columns, rows);
    }
}
