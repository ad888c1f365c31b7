using Stip.Onnx.Model;
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

    public void Dispose() => _graph.Dispose();

    private void Build(string rows, string columns)
    {
        _graph.Add("Tanh", "kept", _graph.Hidden(8));
        _graph.With("Transpose", "y", ["kept"], NodeAttribute.Ints("perm", 0, 2, 1));
        _graph.Output("y", "batch", columns, rows);
    }
}
