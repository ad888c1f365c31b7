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
}
