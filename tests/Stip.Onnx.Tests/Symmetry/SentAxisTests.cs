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

    [Theory]
    [InlineData(8, 1)]
    [InlineData(2, 2)]
    public void Of_APictureWhosePlacesAreInARow_IsThatOfTheKernelsRows(int channels, int expected)
    {
        using var graph = new SmallGraph();
        graph.Add("Conv", "map", graph.Input("x", "batch", 3, 8, 8), graph.Weight("kernel", channels, 3, 4, 4));
        graph.Add("Reshape", "flat", "map", graph.Numbers(0, 8, -1));

        Assert.Equal(expected, SentAxis.Of(graph.Graph.Graph, new ValueInfoProto { Name = "flat" }, [2, 8, 4]));
    }
}
