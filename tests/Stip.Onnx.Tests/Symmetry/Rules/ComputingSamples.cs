using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Products, norms, reductions, convolutions and functions.</summary>
internal static class ComputingSamples
{
    public static IEnumerable<RuleSample> All { get; } =
    [
        new("Sub", graph => After(graph, "Sub", [graph.Hidden(5), graph.Hidden(5, "k")], 5)),
        new("MatMul", graph => graph.Finish(graph.Hidden(5), 5)),
        new("Gemm", graph =>
        {
            var flat = graph.Add("Reshape", "flat", graph.Hidden(5), graph.Numbers(-1, 5));
            graph.With(
                "Gemm", "gemm", [flat, graph.Weight("w", 4, 5), graph.Weight("b", 4)], NodeAttribute.Int("transB", 1));
            graph.Add("MatMul", "y", "gemm", graph.Weight("w_y", 4, 7));
            graph.Output("y", "rows", 7);
        }),
        new("Einsum", graph =>
        {
            var heads = graph.With(
                "Einsum", "heads", ["x", graph.Weight("w", 2, 3, 6)],
                NodeAttribute.String("equation", "bsd,hed->bshe"));
            graph.Input("x", "batch", "seq", 6);
            graph.Add("Tanh", "t", heads);
            graph.With(
                "Einsum", "y", ["t", graph.Weight("w_o", 7, 2, 3)], NodeAttribute.String("equation", "bshe,ohe->bso"));
            graph.Output("y", "batch", "seq", 7);
        }),
        new("com.microsoft.FusedMatMul", graph =>
        {
            graph.Microsoft(
                "FusedMatMul", "fused", [graph.Hidden(5), graph.Weight("w", 4, 5)],
                NodeAttribute.Int("transB", 1), NodeAttribute.Float("alpha", 0.5));
            graph.Finish("fused", 4);
        }),
        new("Softmax", graph =>
        {
            var split = graph.Add("Reshape", "split", graph.Hidden(6), graph.Numbers(0, 0, 2, 3));
            var shares = graph.With("Softmax", "shares", [split], NodeAttribute.Int("axis", -1));
            After(graph, "Reshape", [shares, graph.Numbers(0, 0, 6)], 6);
        }),
        new("ReduceL2", graph =>
        {
            var split = graph.Add("Reshape", "split", graph.Hidden(8), graph.Numbers(0, 0, 4, 2));
            After(graph, "ReduceL2", [split, graph.Numbers(3)], 4, NodeAttribute.Int("keepdims", 0));
        }),
        new("LayerNormalization", graph => After(
            graph, "LayerNormalization", [graph.Hidden(5), graph.Weight("g", 5), graph.Weight("b", 5)], 5)),
        new("com.microsoft.SkipLayerNormalization", graph =>
        {
            graph.Microsoft(
                "SkipLayerNormalization", "norm",
                [graph.Hidden(5), graph.Hidden(5, "k"), graph.Weight("g", 5), graph.Weight("b", 5)]);
            graph.Finish("norm", 5);
        }),
        new("CumSum", graph => After(graph, "CumSum", [graph.Hidden(4), graph.Integer(1)], 4)),
        new("Conv", graph => Convolved(graph, "Conv", [graph.Weight("w", 6, 4, 3), graph.Weight("b", 6)],
            NodeAttribute.Ints("pads", 1, 1))),
        new("Conv", graph => Convolved(graph, "Conv", [graph.Weight("w", 6, 2, 3)],
            NodeAttribute.Ints("pads", 1, 1), NodeAttribute.Int("group", 2)), "in groups"),
        new("ConvTranspose", graph => Convolved(
            graph, "ConvTranspose", [graph.Weight("w", 4, 6, 3), graph.Weight("b", 6)],
            NodeAttribute.Ints("pads", 1, 1))),
        new("ConvTranspose", graph => Convolved(graph, "ConvTranspose", [graph.Weight("w", 4, 3, 3)],
            NodeAttribute.Ints("pads", 1, 1), NodeAttribute.Int("group", 2)), "in groups"),
        new("com.microsoft.CausalConvWithState", graph =>
        {
            var turned = graph.With("Transpose", "turned", [graph.Hidden(4)], NodeAttribute.Ints("perm", 0, 2, 1));
            graph.Graph.AddMicrosoft(
                "CausalConvWithState", "conv", [turned, graph.Weight("w", 4, 1, 3), graph.Weight("b", 4)],
                ["convolved", "state"], NodeAttribute.String("activation", "silu"));
            var back = graph.With("Transpose", "back", ["convolved"], NodeAttribute.Ints("perm", 0, 2, 1));
            graph.Finish(back, 4);
        }),
        new("MaxPool", graph => Convolved(graph, "MaxPool", [],
            NodeAttribute.Ints("pads", 1, 1), NodeAttribute.Ints("kernel_shape", 3))),
        new("MaxPool", graph => Convolved(graph, "MaxPool", [],
            NodeAttribute.Ints("kernel_shape", 2), NodeAttribute.Ints("strides", 3), NodeAttribute.Int("ceil_mode", 1)),
            "rounded up"),
        new("Resize", graph => Convolved(graph, "Resize", ["", "", graph.Numbers(3, 4, 5)],
            NodeAttribute.String("mode", "linear"))),
        new("Resize", graph => Convolved(graph, "Resize", ["", graph.Floats(1, 1, 2)],
            NodeAttribute.String("mode", "linear")), "by scales"),
        new("InstanceNormalization", graph => Convolved(
            graph, "InstanceNormalization", [graph.Weight("g", 4), graph.Weight("b", 4)])),
        new("GroupNormalization", graph => Convolved(
            graph, "GroupNormalization", [graph.Weight("g", 4), graph.Weight("b", 4)],
            NodeAttribute.Int("num_groups", 2))),
        new("BatchNormalization", graph => Convolved(
            graph, "BatchNormalization",
            [graph.Weight("g", 4), graph.Weight("b", 4), graph.Weight("mean", 4),
                graph.Add("Exp", "variance", graph.Weight("v", 4))])),
        new("LRN", graph =>
        {
            var image = graph.Add("Unsqueeze", "image", graph.Hidden(5), graph.Numbers(3));
            var normed = graph.With(
                "LRN", "normed", [image], NodeAttribute.Int("size", 3), NodeAttribute.Float("alpha", 1));
            After(graph, "Squeeze", [normed, graph.Numbers(3)], 5);
        }, "of positions"),
        new("LRN", graph => LocalResponseTests.OfChannels(graph, 3)),
        new("com.microsoft.CDist", graph =>
        {
            var flat = graph.Add("Reshape", "flat", graph.Hidden(5), graph.Numbers(-1, 5));
            graph.Microsoft(
                "CDist", "far", [flat, graph.Weight("w", 4, 5)], NodeAttribute.String("metric", "euclidean"));
            graph.Add("MatMul", "y", "far", graph.Weight("w_y", 4, 7));
            graph.Output("y", "rows", 7);
        }),
    ];

    private static void After(
        SmallGraph graph, string operation, string[] inputs, long width, params ReadOnlySpan<AttributeProto> attributes)
    {
        graph.With(operation, "made", inputs, attributes);
        graph.Finish("made", width);
    }

    // Channels first, then back to features of a position.
    private static void Convolved(
        SmallGraph graph, string operation, string[] rest, params ReadOnlySpan<AttributeProto> attributes)
    {
        var turned = graph.With("Transpose", "turned", [graph.Hidden(4)], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.With(operation, "convolved", [turned, .. rest], attributes);
        var back = graph.With("Transpose", "back", ["convolved"], NodeAttribute.Ints("perm", 0, 2, 1));
        graph.Finish(back, operation is "Conv" or "ConvTranspose" ? 6 : 4);
    }
}
