using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Weights in blocks of few bits, and integers on the way.</summary>
internal static class QuantizedSamples
{
    private const int Block = 16;

    public static IEnumerable<RuleSample> All { get; } =
    [
        new("com.microsoft.MatMulNBits", graph => Packed(graph, bits: 4, zeroPoints: false)),
        new("com.microsoft.MatMulNBits", graph => Packed(graph, bits: 4, zeroPoints: true), "with zero points"),
        new("com.microsoft.MatMulNBits", graph => Packed(graph, bits: 8, zeroPoints: true), "of 8 bits"),
        new("DequantizeLinear", graph =>
        {
            var weight = graph.With(
                "DequantizeLinear", "w", [graph.Bytes("w_q", 2 * Block, 5), graph.Weight("scales", 2, 5)],
                NodeAttribute.Int("axis", 0), NodeAttribute.Int("block_size", Block));
            graph.Add("MatMul", "made", graph.Hidden(2 * Block), weight);
            graph.Finish("made", 5);
        }),
        new("DequantizeLinear", graph =>
        {
            var weight = graph.With(
                "DequantizeLinear", "w", [graph.Bytes("w_q", 5, 4), graph.Weight("scales", 4)],
                NodeAttribute.Int("axis", 1));
            graph.Add("MatMul", "made", graph.Hidden(5), weight);
            graph.Finish("made", 4);
        }, "of columns"),
        new("com.microsoft.GatherBlockQuantized", graph =>
        {
            graph.Graph.AddInput("ids", Stip.Protocol.Tensors.TensorDtype.Int64, "batch", "seq");
            var rows = graph.Microsoft(
                "GatherBlockQuantized", "rows",
                [graph.Bytes("table", 9, Block), "ids", graph.Weight("scales", 9, 2)],
                NodeAttribute.Int("block_size", Block), NodeAttribute.Int("bits", 4),
                NodeAttribute.Int("gather_axis", 0), NodeAttribute.Int("quantize_axis", 1));
            graph.Finish(rows, 2 * Block);
        }),
        new("DynamicQuantizeLinear", graph =>
        {
            graph.Graph.Append("", "DynamicQuantizeLinear", "q", [graph.Hidden(5)], ["ints", "scale", "zero"]);
            graph.Add("DequantizeLinear", "floats", "ints", "scale", "zero");
            graph.Finish("floats", 5);
        }),
        new("MatMulInteger", graph =>
        {
            graph.Graph.Append("", "DynamicQuantizeLinear", "q", [graph.Hidden(5)], ["ints", "scale", "zero"]);
            var product = graph.Add("MatMulInteger", "product", "ints", graph.Bytes("w", 5, 6), "zero");
            graph.Add("Mul", "floats", graph.With("Cast", "c", [product], NodeAttribute.Int("to", 1)), "scale");
            graph.Finish(graph.Add("Mul", "small", "floats", graph.Number(0.01f)), 6);
        }),
    ];

    private static void Packed(SmallGraph graph, int bits, bool zeroPoints)
    {
        const int Inner = 3 * Block;
        string[] rest = zeroPoints ? [graph.Bytes("zeros", 5, ((3 * bits) + 7) / 8)] : [];
        var made = graph.Microsoft(
            "MatMulNBits", "made",
            [graph.Hidden(Inner), graph.Bytes("w", 5, 3, Block * bits / 8), graph.Weight("scales", 5, 3), .. rest],
            NodeAttribute.Int("K", Inner), NodeAttribute.Int("N", 5), NodeAttribute.Int("bits", bits),
            NodeAttribute.Int("block_size", Block), NodeAttribute.Int("accuracy_level", 1));
        graph.Finish(graph.Add("Mul", "small", made, graph.Number(bits == 8 ? 0.001f : 0.05f)), 5);
    }
}
