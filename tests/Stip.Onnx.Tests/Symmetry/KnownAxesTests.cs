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

    [Theory]
    [InlineData("ConvInteger", 1)]
    [InlineData("QLinearConv", 3)]
    public void Pictures_OfAConvolutionOfIntegers_AreThoseOfItsKernel(string operation, int place)
    {
        using var graph = new SmallGraph();
        var picture = graph.Add("DynamicQuantizeLinear", "q", graph.Input("x", "batch", "c", "h", "w"));
        graph.Graph.Graph.Initializer.Add(new TensorProto
        {
            Name = "kernel",
            DataType = (int)TensorProto.Types.DataType.Uint8,
            Dims = { 1, 3, 8, 8 },
            RawData = Google.Protobuf.ByteString.CopyFrom(new byte[3 * 64]),
        });
        graph.Add(operation, "y", [picture, .. Enumerable.Repeat("scale", place - 1), "kernel"]);

        Assert.Equal(3, KnownAxes.Of(graph.Graph.Graph)["c"]);
        Assert.Equal(8 * 8, KnownAxes.Pictures(graph.Graph.Graph)[0]);
    }

    [Fact]
    public void Of_ACacheThatIsCastBeforeItsAttention_HasTheWidthOfAHead()
    {
        using var graph = new SmallGraph();
        foreach (var cache in new[] { "past.key", "past.value" })
        {
            graph.Graph.AddInput(cache, Stip.Protocol.Tensors.TensorDtype.Float16, "batch", 2, "past", "dim");
            graph.Add("Cast", $"{cache}.float", cache);
        }

        graph.Hidden(4 * 16, "q");
        graph.Microsoft(
            "GroupQueryAttention", "y", ["q", "k", "v", "past.key.float", "past.value.float"],
            NodeAttribute.Int("num_heads", 4), NodeAttribute.Int("kv_num_heads", 2));

        Assert.Equal(16, KnownAxes.Of(graph.Graph.Graph)["dim"]);
    }
}
