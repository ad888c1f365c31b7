using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Layers that go over a sequence step by step, caches that are written, and points that are read.</summary>
internal static class RecurrentSamples
{
    private const int Units = 5;

    public static IEnumerable<RuleSample> All { get; } =
    [
        new("LSTM", graph => Recurrent(graph, "LSTM", 4, 1)),
        new("LSTM", graph => Recurrent(graph, "LSTM", 4, 2, NodeAttribute.String("direction", "bidirectional")),
            "both ways"),
        new("GRU", graph => Recurrent(graph, "GRU", 3, 1)),
        new("GRU", graph => Recurrent(graph, "GRU", 3, 1, NodeAttribute.Int("linear_before_reset", 1)),
            "with a late reset"),
        new("RNN", graph => Recurrent(graph, "RNN", 1, 1)),
        new("com.microsoft.DynamicQuantizeLSTM", graph => Quantized(graph, 1)),
        new("com.microsoft.DynamicQuantizeLSTM",
            graph => Quantized(graph, 2, NodeAttribute.String("direction", "bidirectional")), "both ways"),
        new("TensorScatter", graph =>
        {
            graph.Opset = 24;
            var added = graph.Add(
                "Slice", "added", graph.Hidden(4, "k"), graph.Numbers(0), graph.Numbers(1), graph.Numbers(1));
            graph.Add("TensorScatter", "cache", graph.Hidden(4), added);
            graph.Finish("cache", 4);
        }),
        new("GridSample", graph =>
        {
            var turned = graph.With("Transpose", "turned", [graph.Hidden(4)], NodeAttribute.Ints("perm", 0, 2, 1));
            var picture = graph.Add("Unsqueeze", "picture", turned, graph.Numbers(2)); // [b, 4, 1, s]
            var points = graph.Add("Unsqueeze", "points", graph.Hidden(2, "p"), graph.Numbers(1)); // [b, 1, s, 2]
            var read = graph.Add("GridSample", "read", picture, points);
            var back = graph.With(
                "Transpose", "back", [graph.Add("Squeeze", "flat", read, graph.Numbers(2))],
                NodeAttribute.Ints("perm", 0, 2, 1));
            graph.Finish(back, 4);
        }),
    ];

    private static void Recurrent(
        SmallGraph graph, string operation, int gates, int directions, params AttributeProto[] attributes) => Layer(
        graph, "", operation, directions,
        [graph.Weight("w", directions, gates * Units, 4), graph.Weight("r", directions, gates * Units, Units),
            graph.Weight("b", directions, 2 * gates * Units)],
        attributes);

    private static void Quantized(SmallGraph graph, int directions, params AttributeProto[] attributes) => Layer(
        graph, "com.microsoft", "DynamicQuantizeLSTM", directions,
        [graph.Bytes("w", directions, 4, 4 * Units), graph.Bytes("r", directions, Units, 4 * Units),
            graph.Weight("b", directions, 8 * Units), "", "", "", "", graph.Weight("ws", directions),
            graph.Bytes("wz", directions), graph.Weight("rs", directions), graph.Bytes("rz", directions)],
        attributes);

    // The sequence first, as the operators want it, and back; directions side by side.
    private static void Layer(
        SmallGraph graph, string domain, string operation, int directions, string[] weights,
        params AttributeProto[] attributes)
    {
        var rows = graph.With("Transpose", "rows", [graph.Hidden(4)], NodeAttribute.Ints("perm", 1, 0, 2));
        graph.Graph.Append(
            domain, operation, "layer", [rows, .. weights], ["made"],
            [NodeAttribute.Int("hidden_size", Units), .. attributes]);
        var turned = graph.With("Transpose", "turned", ["made"], NodeAttribute.Ints("perm", 2, 0, 1, 3));
        graph.Finish(graph.Add("Reshape", "flat", turned, graph.Numbers(0, 0, -1)), directions * Units);
    }
}
