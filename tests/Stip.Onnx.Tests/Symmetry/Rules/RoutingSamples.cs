using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Indices that are computed: experts of a token, tokens of an expert.</summary>
internal static class RoutingSamples
{
    private const int Experts = 4;

    public static IEnumerable<RuleSample> All { get; } =
    [
        new("TopK", Dense),
        new("ScatterElements", Dense),
        new("OneHot", graph =>
        {
            Rank(graph);
            var values = graph.With("Concat", "off_on", [One(graph, 0), One(graph, 1)], NodeAttribute.Int("axis", 0));
            var hot = graph.Add("OneHot", "hot", "indices", graph.Integer(Experts), values); // [b, s, k, experts]
            graph.Add("ReduceSum", "weights", hot, graph.Numbers(2));
            graph.Add("Squeeze", "chosen", "weights", graph.Numbers(2));
            Mix(graph, "chosen");
        }),
        new("GatherElements", graph =>
        {
            var places = graph.Add("Reshape", "places", graph.Numbers(3, 0, 1, 1), graph.Numbers(1, 1, 4));
            var all = graph.Add("Expand", "all", places, graph.Add("Shape", "size", graph.Hidden(4)));
            graph.With("GatherElements", "picked", ["h", all], NodeAttribute.Int("axis", 2));
            graph.Finish("picked", 4);
        }),
        new("Gather", graph =>
        {
            Rank(graph);
            var first = graph.Add("Slice", "first", "indices", graph.Numbers(0), graph.Numbers(1), graph.Numbers(2));
            var expert = graph.Add("Squeeze", "expert", first, graph.Numbers(2)); // [b, s]
            var matrices = graph.Add("Gather", "matrices", graph.Weight("experts", Experts, 6, 5), expert);
            var row = graph.Add("Unsqueeze", "row", "x", graph.Numbers(2));
            var made = graph.Add("Squeeze", "made", graph.Add("MatMul", "m", row, matrices), graph.Numbers(2));
            graph.Finish(made, 5);
        }, "of a stack"),
        new("NonZero", Sparse),
        new("GatherND", Sparse),
        new("ScatterND", Sparse),
        new("com.microsoft.MoE", graph =>
        {
            var router = graph.Add("Reshape", "router", graph.Hidden(Experts, "r"), graph.Numbers(-1, Experts));
            var made = graph.Microsoft(
                "MoE", "made",
                ["x", router, graph.Weight("fc1", Experts, 8, 6), graph.Weight("b1", Experts, 8),
                    graph.Weight("fc2", Experts, 6, 4), graph.Weight("b2", Experts, 6)],
                NodeAttribute.Int("k", 2), NodeAttribute.String("activation_type", "swiglu"),
                NodeAttribute.Int("swiglu_fusion", 1), NodeAttribute.Int("normalize_routing_weights", 1));
            graph.Finish(made, 6);
        }),
    ];

    private static string One(SmallGraph graph, float value) =>
        graph.Add("Unsqueeze", $"one_{value}", graph.Number(value), graph.Numbers(0));

    // The shares are an output too, so that experts move whether or not a rule sees that they are chosen by them.
    private static void Rank(SmallGraph graph)
    {
        graph.With("Softmax", "shares", [graph.Hidden(Experts, "router")], NodeAttribute.Int("axis", -1));
        graph.Graph.Append("", "TopK", "topk", ["shares", graph.Numbers(2)], ["values", "indices"]);
        graph.Output("shares", "batch", "seq", Experts);
    }

    // Every expert computed, and mixed by shares that are scattered to their places.
    private static void Dense(SmallGraph graph)
    {
        Rank(graph);
        var none = graph.Add("Expand", "none", graph.Number(0), graph.Add("Shape", "size", "shares"));
        graph.With("ScatterElements", "chosen", [none, "indices", "values"], NodeAttribute.Int("axis", 2));
        Mix(graph, "chosen");
    }

    private static void Mix(SmallGraph graph, string shares)
    {
        var row = graph.Add("Unsqueeze", "row", "x", graph.Numbers(2, 3)); // [b, s, 1, 1, 6]
        var made = graph.Add("MatMul", "made", row, graph.Weight("experts", Experts, 6, 5)); // [b, s, experts, 1, 5]
        var share = graph.Add("Unsqueeze", "share", shares, graph.Numbers(3, 4));
        var mixed = graph.Add("Mul", "mixed", made, share);
        var sum = graph.With("ReduceSum", "sum", [mixed, graph.Numbers(2, 3)], NodeAttribute.Int("keepdims", 0));
        graph.Finish(sum, 5);
    }

    // Tokens gathered for each expert, and added back.
    private static void Sparse(SmallGraph graph)
    {
        graph.Hidden(Experts, "router");
        graph.Output("router", "batch", "seq", Experts);
        var best = graph.With(
            "ArgMax", "best", ["router"], NodeAttribute.Int("axis", 2), NodeAttribute.Int("keepdims", 0));
        var flat = graph.Add("Reshape", "tokens", "x", graph.Numbers(-1, 6));
        var of = graph.Add("Reshape", "of", best, graph.Numbers(-1));
        var sum = graph.Add("Mul", "zeros", flat, graph.Number(0));
        for (var expert = 0; expert < Experts; expert++)
        {
            var mine = graph.Add("Equal", $"mine{expert}", of, graph.Integer(expert));
            var found = graph.Add("NonZero", $"found{expert}", mine);
            var rows = graph.With("Transpose", $"rows{expert}", [found]);
            var picked = graph.Add("GatherND", $"picked{expert}", flat, rows);
            var made = graph.Add("MatMul", $"made{expert}", picked, graph.Weight($"expert{expert}", 6, 6));
            sum = graph.With(
                "ScatterND", $"sum{expert}", [sum, rows, made], NodeAttribute.String("reduction", "add"));
        }

        graph.Add("MatMul", "y", sum, graph.Weight("w_y", 6, 7));
        graph.Output("y", "rows", 7);
    }
}
