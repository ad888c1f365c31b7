using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Attention as one operator, and what stands around it.</summary>
internal static class AttentionSamples
{
    private const int Heads = 2;
    private const int HeadDim = 8;
    private const int Width = Heads * HeadDim;

    public static IEnumerable<RuleSample> All { get; } =
    [
        new("Attention", graph =>
        {
            graph.Opset = 23;
            graph.Graph.Append(
                "", "Attention", "attention", [graph.Hidden(2 * Width, "q"), graph.Hidden(Width, "k"),
                    graph.Hidden(Width, "v")], ["mixed"],
                NodeAttribute.Int("q_num_heads", 2 * Heads), NodeAttribute.Int("kv_num_heads", Heads),
                NodeAttribute.Int("is_causal", 1));
            graph.Finish("mixed", 2 * Width);
        }),
        new("RotaryEmbedding", graph =>
        {
            graph.Opset = 23;
            graph.Graph.AddInput("position_ids", TensorDtype.Int64, "batch", "seq");
            var turned = graph.With(
                "RotaryEmbedding", "turned",
                [graph.Hidden(Width), graph.Weight("cos", 9, HeadDim / 2), graph.Weight("sin", 9, HeadDim / 2),
                    "position_ids"], NodeAttribute.Int("num_heads", Heads));
            graph.Finish(turned, Width);
        }),
        new("com.microsoft.Attention", graph =>
        {
            graph.Input("x", "batch", "seq", 6);
            var mixed = graph.Microsoft(
                "Attention", "mixed", ["x", graph.Weight("w", 6, 3 * Width), graph.Weight("b", 3 * Width)],
                NodeAttribute.Int("num_heads", Heads));
            graph.Finish(mixed, Width);
        }),
        new("com.microsoft.MultiHeadAttention", graph =>
        {
            var mixed = graph.Microsoft(
                "MultiHeadAttention", "mixed",
                [graph.Hidden(Width, "q"), graph.Hidden(Width, "k"), graph.Hidden(Width, "v"),
                    graph.Weight("b", 3 * Width)],
                NodeAttribute.Int("num_heads", Heads));
            graph.Finish(mixed, Width);
        }),
        new("com.microsoft.GroupQueryAttention", graph =>
        {
            graph.Graph.AddInput("seqlens_k", TensorDtype.Int32, "batch");
            var lengths = graph.With("Mul", "none", ["seqlens_k", Zero(graph)]);
            var last = graph.With("Add", "last", [lengths, Two(graph)]);
            var mixed = graph.Microsoft(
                "GroupQueryAttention", "mixed",
                [graph.Hidden(2 * Width, "q"), graph.Hidden(Width, "k"), graph.Hidden(Width, "v"), "", "", last,
                    Three(graph)],
                NodeAttribute.Int("num_heads", 2 * Heads), NodeAttribute.Int("kv_num_heads", Heads));
            graph.Finish(mixed, 2 * Width);
        }),
        new("com.microsoft.EmbedLayerNormalization", graph =>
        {
            graph.Graph.AddInput("input_ids", TensorDtype.Int32, "batch", "seq");
            graph.Graph.AddMicrosoft(
                "EmbedLayerNormalization", "embed",
                ["input_ids", "", graph.Weight("words", 9, 8), graph.Weight("places", 9, 8), "",
                    graph.Weight("g", 8), graph.Weight("b", 8)], ["embedded", "index"]);
            graph.Finish("embedded", 8);
        }),
        new("com.microsoft.LinearAttention", graph => Linear(graph, Heads, Heads, Heads)),
        new("com.microsoft.LinearAttention", graph => Linear(graph, Heads, Heads, 2 * Heads), "of more values"),
        new("com.microsoft.LinearAttention", graph => Linear(graph, 2 * Heads, Heads, Heads), "of more queries"),
    ];

    // Queries, keys and values of as many heads; the last count the states.
    private static void Linear(SmallGraph graph, int queries, int keys, int values)
    {
        graph.Graph.AddMicrosoft(
            "LinearAttention", "linear",
            [graph.Hidden(queries * HeadDim, "q"), graph.Hidden(keys * HeadDim, "k"),
                graph.Hidden(values * HeadDim, "v"), "",
                graph.Add("Neg", "decay", graph.Add("Abs", "size", graph.Hidden(values, "g"))),
                graph.Add("Sigmoid", "beta", graph.Hidden(values, "r"))],
            ["mixed", "state"],
            NodeAttribute.Int("q_num_heads", queries), NodeAttribute.Int("kv_num_heads", values));
        graph.Finish("mixed", Math.Max(queries, values) * HeadDim);
    }

    private static string Zero(SmallGraph graph) => Small(graph, 0);

    private static string Two(SmallGraph graph) => Small(graph, 2);

    private static string Three(SmallGraph graph) => Small(graph, 3);

    private static string Small(SmallGraph graph, long value) => graph.With(
        "Cast", $"small_{value}", [graph.Integer(value)], NodeAttribute.Int("to", 6));
}
