using Stip.Onnx.Model;
using Stip.Onnx.Packages;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Symmetry.Ports;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection;

/// <summary>Verification of a graph that takes positions in time beside those of rows and columns of a picture.
/// </summary>
public sealed class PositionSampleTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Sample_OfPositionsOfSeveralKinds_TellsThemApart(bool isBatchFirst)
    {
        using var graph = new SmallGraph();
        _ = isBatchFirst
            ? graph.Graph.AddInput("position_ids", TensorDtype.Int64, "batch", 2, "seq")
            : graph.Graph.AddInput("position_ids", TensorDtype.Int64, 2, "batch", "seq");
        graph.With("Cast", "places", ["position_ids"], NodeAttribute.Int("to", 1));
        graph.Add("Cos", "y", "places");
        graph.Output("y", 2, "batch", "seq");
        var source = new ForeignSource(
            "", GraphRoles.Decoder, graph.Graph.Graph.Input, new Dictionary<string, long>(), [])
        {
            Uses = new PortUses(graph.Graph.Graph),
            Switches = new SwitchAxes(graph.Graph.Graph, new PortUses(graph.Graph.Graph)),
            Signals = new HashSet<string>(),
            Lengths = new Dictionary<string, int>(),
            Pictures = [],
            FixedLength = null,
        };

        var positions = new ForeignSamples(source).Tries(0).First()["position_ids"];

        Assert.Equal(isBatchFirst ? [1L, 2, 5] : [2L, 1, 5], positions.Shape);
        Assert.Equal([0L, 1, 2, 3, 4, 0, 0, 1, 1, 2], positions.ToIntegers());
    }
}
