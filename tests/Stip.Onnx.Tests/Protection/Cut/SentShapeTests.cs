using Stip.Onnx.Model;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>Shapes of what crosses a cut, where the graph states none.</summary>
public sealed class SentShapeTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Theory]
    [InlineData("Cast")]
    [InlineData("Transpose")]
    [InlineData("Neg")]
    public void Features_OfATableThatIsMadeOfAnother_AreAsWideAsItsRows(string made)
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        var stored = made == "Transpose" ? _graph.Weight("stored", 6, 9) : _graph.Weight("stored", 9, 6);
        var table = made switch
        {
            "Cast" => _graph.With(made, "table", [stored], NodeAttribute.Int("to", 1)),
            "Transpose" => _graph.With(made, "table", [stored], NodeAttribute.Ints("perm", 1, 0)),
            _ => _graph.Add(made, "table", stored),
        };
        _graph.Add("Gather", "rows", table, "input_ids");
        _graph.Add("Unsqueeze", "one", "rows", _graph.Numbers(2));
        _graph.Add("Expand", "streams", "one", _graph.Numbers(1, 1, 3, 1));
        _graph.Add("MatMul", "y", "streams", _graph.Weight("w", 6, 5));
        _graph.Output("y", "batch", "seq", 3, 5);
        using var file = _graph.Save();

        var cut = ClientCut.Find(file.Graph, shapesHaveEnds: true);

        // Of a table that is computed the width is not known; it is never taken for that of the target.
        var axes = Assert.Single(cut.Cloud.Input).Type.TensorType.Shape.Dim;
        Assert.Equal(3, axes[2].DimValue);
        Assert.Equal(made == "Neg" ? 0 : 6, axes[3].DimValue);
        Assert.All(axes.Take(2), axis => Assert.NotEqual("", axis.DimParam));
    }

    [Fact]
    public void AnOutputThatTellsTheIdsAndThatNothingReads_IsRefused()
    {
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("Add", "next", "input_ids", _graph.Integer(1));
        _graph.Graph.AddOutput("next", TensorDtype.Int64, "batch", "seq");
        using var file = _graph.Save();

        var refusal = Assert.Throws<RefusedException>(() => ClientCut.Find(file.Graph, shapesHaveEnds: true));

        Assert.Equal(
            "the graph gives 'next', which tells what the user wants to hide: none of it is the server's",
            refusal.Message);
    }

    // Before opset 15 a shape has no end; whoever asks it for the length at a place from the first needs none.
    [Theory]
    [InlineData(1, false, 1)]
    [InlineData(-1, false, 2)]
    [InlineData(1, true, 2)]
    public void ALengthOfIds_BeforeShapesHaveEnds_IsReadOffRowsWhereItsPlaceIsTheSame(
        int place, bool isReadWhole, int expected)
    {
        _graph.Opset = 13;
        _graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        _graph.Add("Gather", "rows", _graph.Weight("table", 9, 6), "input_ids");
        _graph.Add("MatMul", "h", "rows", _graph.Weight("w", 6, 4));
        _graph.Add("Gather", "length", _graph.Add("Shape", "shape", "input_ids"), _graph.Numbers(place));
        string[] sizes = [_graph.Numbers(-1), "length", _graph.Numbers(4)];
        _graph.With("Concat", "target", sizes, NodeAttribute.Int("axis", 0));
        _graph.Add("Reshape", "again", "h", "target");
        if (isReadWhole)
        {
            _graph.Add("ConstantOfShape", "zeros", "shape");
            _graph.With("Unsqueeze", "last", ["zeros", _graph.Numbers(2)]);
            _graph.Add("Add", "sum", "again", "last");
        }

        _graph.Finish(isReadWhole ? "sum" : "again", 4);
        using var file = _graph.Save();

        var cut = ClientCut.Find(file.Graph, shapesHaveEnds: false);

        Assert.Equal(expected, cut.Sent.Count);
        Assert.All(cut.Cloud.Node.Where(node => node.OpType == "Shape"), node => Assert.Empty(node.Attribute));
    }

    public void Dispose() => _graph.Dispose();
}
