using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Weights that a text has to be long for before anything reads them.</summary>
public sealed class MissedWeightsTests
{
    [Fact]
    public void Weight_OfTheSecondWindow_IsSeenUnderLargerSizes()
    {
        using var graph = new SmallGraph();
        graph.Hidden(5);
        graph.With("Transpose", "channels", ["h"], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.With(
            "Conv", "windows", ["channels", graph.Weight("kernel", 5, 5, 3)],
            NodeAttribute.Ints("kernel_shape", 3), NodeAttribute.Ints("strides", 3));

        // The last window is dropped, and at three tokens there is no other.
        graph.With(
            "Slice", "kept", ["windows", graph.Numbers(0), graph.Numbers(-1), graph.Numbers(2)]);
        graph.With("ReduceSum", "all", ["kept", graph.Numbers(2)], NodeAttribute.Int("keepdims", 0));
        graph.Add("Add", "both", "all", graph.With(
            "ReduceSum", "texts", ["channels", graph.Numbers(2)], NodeAttribute.Int("keepdims", 0)));
        graph.Add("MatMul", "y", "both", graph.Weight("w_y", 5, 7));
        graph.Output("y", "batch", 7);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long> { [("x", 1)] = 9 });
    }

    [Fact]
    public void Rows_ThatBecomeOneInFours_AreRunInFours()
    {
        using var graph = new SmallGraph();
        graph.Input("x", "patches", 6);
        graph.Add("MatMul", "h", "x", graph.Weight("w_h", 6, 5));
        graph.Add("Reshape", "merged", graph.Add("Tanh", "t", "h"), graph.Numbers(-1, 20));
        graph.Add("MatMul", "y", "merged", graph.Weight("w_y", 20, 7));
        graph.Output("y", "merged", 7);

        var plan = ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long> { [("x", 0)] = 8 });

        Assert.NotNull(plan.Initializers["w_y"].Axes[0]);
    }
}
