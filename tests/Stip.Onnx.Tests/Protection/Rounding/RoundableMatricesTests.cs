using Stip.Onnx.Model;
using Stip.Onnx.Protection.Rounding;
using Stip.Onnx.Tests.Symmetry;

namespace Stip.Onnx.Tests.Protection.Rounding;

public sealed class RoundableMatricesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Of_AMatrixThatABranchReads_LeavesItAsItIs(int depth)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", 64);
        graph.Add("MatMul", "h", "x", graph.Weight("outside", 64, 64));
        graph.Add("MatMul", "y", "h", graph.Weight("inside", 64, 64));
        graph.Output("y", "batch", "seq", 64);
        var branch = Branch(new NodeProto { OpType = "MatMul", Input = { "h", "inside" }, Output = { "inner" } });
        for (var level = 0; level < depth; level++)
        {
            branch = Branch(If(branch));
        }

        graph.Graph.Graph.Node.Add(If(branch));
        using var file = graph.Save();

        Assert.Equal(["outside"], RoundableMatrices.Of(file.Graph, file.Tensors));
    }

    private static NodeProto If(GraphProto branch) => new()
    {
        OpType = "If",
        Input = { "condition" },
        Output = { "chosen" },
        Attribute =
        {
            new AttributeProto { Name = "then_branch", Type = AttributeProto.Types.AttributeType.Graph, G = branch },
        },
    };

    private static GraphProto Branch(NodeProto node) => new() { Name = "branch", Node = { node } };
}
