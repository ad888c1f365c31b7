using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class SentAxisTests
{
    [Fact]
    public void Of_RowsOfATableThatAreTurnedAndScaled_IsThatOfTheHeads()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("boxes", Stip.Protocol.Tensors.TensorDtype.Int64, "batch", "seq", "seq");
        graph.Add("Gather", "bias", graph.Weight("table", 9, 4), "boxes");
        graph.With("Transpose", "turned", ["bias"], NodeAttribute.Ints("perm", 0, 3, 1, 2));
        graph.Add("Mul", "scaled", graph.Number(2), "turned");

        Assert.Equal(1, SentAxis.Of(graph.Graph.Graph, new ValueInfoProto { Name = "scaled" }, [2, 4, 3, 3]));
        Assert.Equal(3, SentAxis.Of(graph.Graph.Graph, new ValueInfoProto { Name = "bias" }, [2, 3, 3, 4]));
    }
}
