using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry;

public sealed class RecurrentTests
{
    [Fact]
    public void Lstm_OfOneStepWhereItRunsOnLabels_IsExactOverMore()
    {
        using var graph = new SmallGraph();
        var turned = graph.With("Transpose", "turned", [graph.Hidden(4)], NodeAttribute.Ints("perm", 0, 2, 1));
        var fewer = graph.With(
            "Conv", "fewer", [turned, graph.Weight("kernel", 4, 4, 3)], NodeAttribute.Ints("strides", 3));
        var rows = graph.With("Transpose", "rows", [fewer], NodeAttribute.Ints("perm", 2, 0, 1));
        graph.Graph.Append(
            "", "LSTM", "layer", [rows, graph.Weight("w", 1, 20, 4), graph.Weight("r", 1, 20, 5)], ["made"],
            NodeAttribute.Int("hidden_size", 5));
        var back = graph.With("Transpose", "back", ["made"], NodeAttribute.Ints("perm", 2, 0, 1, 3));
        graph.Finish(graph.Add("Reshape", "flat", back, graph.Numbers(0, 0, -1)), 5);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string Name, int Axis), long> { [("x", 1)] = 9 });
    }
}
