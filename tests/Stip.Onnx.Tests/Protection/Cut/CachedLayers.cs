using Stip.Onnx.Model;
using Stip.Onnx.Tests.Symmetry;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Tests.Protection.Cut;

/// <summary>A small decoder as other exporters write them: attention over a cache that grows, and a mask made of the
/// length of the first layer's.</summary>
internal static class CachedLayers
{
    public const int Layers = 3;
    public const int Vocabulary = 11;
    private const int Width = 12;
    private const int Heads = 3;

    /// <param name="graph">Receives it, and is saved.</param>
    /// <param name="isFused">Whether norms add what the layer before left, as ONNX Runtime's optimizer writes
    /// them.</param>
    /// <param name="firstWidth">Width of the first layer between its two matrices.</param>
    public static void Build(SmallGraph graph, bool isFused, int firstWidth = 16)
    {
        graph.Graph.AddInput("input_ids", TensorDtype.Int64, "batch", "seq");
        var rows = graph.Add("Gather", "rows", graph.Weight("tokens", Vocabulary, Width), "input_ids");
        var (stream, left) = (rows, (string?)null);
        for (var layer = 0; layer < Layers; layer++)
        {
            string normed;
            var wide = layer == 0 ? firstWidth : 16;
            (normed, stream) = Norm(graph, $"first{layer}", stream, left, isFused);
            left = Attention(graph, layer, normed, rows);
            (normed, stream) = Norm(graph, $"second{layer}", stream, left, isFused);
            graph.Add("MatMul", $"inner{layer}", normed, graph.Weight($"up{layer}", Width, wide));
            graph.Add("Tanh", $"turned{layer}", $"inner{layer}");
            left = graph.Add("MatMul", $"outer{layer}", $"turned{layer}", graph.Weight($"down{layer}", wide, Width));
        }

        var (last, _) = Norm(graph, "last", stream, left, isFused);
        graph.Add("MatMul", "logits", last, graph.Weight("head", Width, Vocabulary));
        graph.Output("logits", "batch", "seq", Vocabulary);
        graph.Save().Dispose();
    }

    private static (string Normed, string Stream) Norm(
        SmallGraph graph, string name, string stream, string? left, bool isFused)
    {
        var factor = graph.Weight($"{name}_factor", Width);
        if (isFused && left is not null)
        {
            graph.Graph.AddMicrosoft(
                "SkipSimplifiedLayerNormalization",
                name,
                [stream, left, factor],
                [$"{name}_normed", "", "", $"{name}_stream"],
                NodeAttribute.Float("epsilon", 1e-5f));
            return ($"{name}_normed", $"{name}_stream");
        }

        var sum = left is null ? stream : graph.Add("Add", $"{name}_stream", stream, left);
        return (graph.With(
            isFused ? "SimplifiedLayerNormalization" : "LayerNormalization", $"{name}_normed", [sum, factor]), sum);
    }

    private static string Attention(SmallGraph graph, int layer, string normed, string rows)
    {
        var query = Split(graph, $"query{layer}", normed);
        var key = Cached(graph, $"past_key_values.{layer}.key", $"present.{layer}.key", $"key{layer}", normed);
        var value = Cached(graph, $"past_key_values.{layer}.value", $"present.{layer}.value", $"value{layer}", normed);
        if (layer == 0)
        {
            Mask(graph, rows);
        }

        graph.With("Transpose", $"columns{layer}", [key], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        graph.Add("MatMul", $"scores{layer}", query, $"columns{layer}");
        graph.Add("Add", $"seen{layer}", $"scores{layer}", "mask");
        graph.With("Softmax", $"shares{layer}", [$"seen{layer}"], NodeAttribute.Int("axis", -1));
        graph.Add("MatMul", $"taken{layer}", $"shares{layer}", value);
        graph.With("Transpose", $"together{layer}", [$"taken{layer}"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        graph.Add("Reshape", $"attended{layer}", $"together{layer}", graph.Numbers(0, 0, Width));
        return graph.Add(
            "MatMul", $"attention{layer}", $"attended{layer}", graph.Weight($"output{layer}", Width, Width));
    }

    // Places of the past are those before its length, which every layer reads off the first.
    private static void Mask(SmallGraph graph, string rows)
    {
        graph.Add("Shape", "past_shape", "past_key_values.0.key");
        graph.Add("Gather", "past", "past_shape", graph.Integer(2));
        graph.Add("Shape", "rows_shape", rows);
        graph.Add("Gather", "count", "rows_shape", graph.Integer(1));
        graph.Add("Add", "total", "past", "count");
        graph.Add("Range", "new_places", "past", "total", graph.Integer(1));
        graph.Add("Range", "places", graph.Integer(0), "total", graph.Integer(1));
        graph.Add("Unsqueeze", "lines", "new_places", graph.Numbers(1));
        graph.Add("LessOrEqual", "sees", "places", "lines");
        graph.Add("Where", "mask", "sees", graph.Number(0), graph.Number(-1e4f));
    }

    private static string Cached(SmallGraph graph, string past, string present, string name, string normed)
    {
        graph.Input(past, "batch", Heads, "past_length", Width / Heads);
        graph.Output(present, "batch", Heads, "total_length", Width / Heads);
        return graph.With("Concat", present, [past, Split(graph, name, normed)], NodeAttribute.Int("axis", 2));
    }

    private static string Split(SmallGraph graph, string name, string normed)
    {
        graph.Add("MatMul", name, normed, graph.Weight($"{name}_weight", Width, Width));
        graph.Add("Reshape", $"{name}_heads", name, graph.Numbers(0, 0, Heads, Width / Heads));
        return graph.With("Transpose", $"{name}_turned", [$"{name}_heads"], NodeAttribute.Ints("perm", 0, 2, 1, 3));
    }
}
