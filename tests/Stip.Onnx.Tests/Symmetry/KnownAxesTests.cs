using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class KnownAxesTests
{
    [Fact]
    public void Windows_OfACacheOfFixedCapacity_AreThoseOfTheAttention()
    {
        using var graph = AttentionGraph.Packed(
            rotary: false,
            sink: false,
            NodeAttribute.Int("local_window_size", 4),
            NodeAttribute.Int("sliding_window_cache", 1));

        Assert.Equal(4, KnownAxes.Windows(graph.Graph.Graph)["max_len"]);
    }

    [Fact]
    public void Windows_OfACacheThatGrows_AreNone()
    {
        using var graph = AttentionGraph.Packed(
            rotary: false, sink: false, NodeAttribute.Int("local_window_size", 4));

        Assert.Empty(KnownAxes.Windows(graph.Graph.Graph));
    }

    [Fact]
    public void Multiples_OfAnInputThatIsPartedAtOnce_AreThePartsOfABatch()
    {
        using var graph = new SmallGraph();
        graph.Graph.AddInput("ids", Stip.Protocol.Tensors.TensorDtype.Int64, "batch_x_books", "seq");
        graph.Add("Reshape", "books", "ids", graph.Numbers(-1, 4, 5));

        Assert.Equal(4, KnownAxes.Multiples(graph.Graph.Graph)["batch_x_books"]);
    }

    [Fact]
    public void Pictures_OfWeightsInConstantNodes_AreFound()
    {
        using var graph = new SmallGraph();
        var picture = graph.Input("x", "batch", "c", "h", "w");
        var kernel = new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, Dims = { 1, 3, 4, 4 } };
        kernel.FloatData.Add(new float[3 * 4 * 4]);
        var weight = graph.With("Constant", "kernel", [], new AttributeProto
        {
            Name = "value",
            Type = AttributeProto.Types.AttributeType.Tensor,
            T = kernel,
        });
        graph.Add("Conv", "y", picture, weight);

        Assert.Equal(3, KnownAxes.Of(graph.Graph.Graph)["c"]);
        Assert.Equal(8 * 4, KnownAxes.Pictures(graph.Graph.Graph)[0]);
        Assert.Contains(64, KnownAxes.Pictures(graph.Graph.Graph));
    }
}
