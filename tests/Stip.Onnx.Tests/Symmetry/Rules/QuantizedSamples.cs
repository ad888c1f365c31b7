using System.Runtime.InteropServices;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

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
        new("com.microsoft.MatMulNBits", graph => Packed(graph, bits: 4, zeroPoints: true, groups: true),
            "with groups"),
        new("com.microsoft.MatMulNBits", graph => Packed(graph, bits: 4, zeroPoints: true, groups: true, moves: true),
            "with groups that move"),
        new("com.microsoft.MatMulBnb4", graph =>
        {
            const int Inner = 2 * Block;
            graph.Microsoft(
                "MatMulBnb4", "made", [graph.Hidden(Inner), graph.Bytes("w", 5 * Inner / 2), graph.Weight("max", 10)],
                NodeAttribute.Int("K", Inner), NodeAttribute.Int("N", 5), NodeAttribute.Int("block_size", Block),
                NodeAttribute.Int("quant_type", 1));
            graph.Finish("made", 5);
        }),
        new("QLinearMatMul", graph =>
        {
            var made = graph.Add(
                "QLinearMatMul", "made", Quantized(graph, graph.Hidden(5), "a"), graph.Number(0.02f), Zero(graph, "a"),
                graph.Bytes("w", 5, 4), graph.Number(0.01f), Zero(graph, "w"), graph.Number(0.05f), Zero(graph, "y"));
            graph.Finish(graph.Add("DequantizeLinear", "floats", made, graph.Number(0.05f), Zero(graph, "y")), 4);
        }),
        new("QLinearConv", graph =>
        {
            var turned = graph.With("Transpose", "turned", [graph.Hidden(5)], NodeAttribute.Ints("perm", 0, 2, 1));
            var made = graph.With(
                "QLinearConv", "made",
                [Quantized(graph, turned, "a"), graph.Number(0.02f), Zero(graph, "a"), graph.Bytes("w", 4, 5, 3),
                    graph.Number(0.01f), Zero(graph, "w"), graph.Number(0.05f), Zero(graph, "y")],
                NodeAttribute.Ints("pads", 1, 1));
            var floats = graph.Add("DequantizeLinear", "floats", made, graph.Number(0.05f), Zero(graph, "y"));
            graph.Finish(graph.With("Transpose", "back", [floats], NodeAttribute.Ints("perm", 0, 2, 1)), 4);
        }),
        new("com.microsoft.QLinearConv", graph => Rowed(graph, 4, row => graph.Microsoft(
            "QLinearConv", "made",
            [row, graph.Number(0.02f), Zero(graph, "a"), graph.Bytes("w", 4, 5, 1, 3), graph.Number(0.01f),
                Zero(graph, "w"), graph.Number(0.05f), Zero(graph, "y")],
            NodeAttribute.Int("channels_last", 1), NodeAttribute.Ints("pads", 0, 1, 0, 1))), "with channels last"),
        new("com.microsoft.NhwcMaxPool", graph => Rowed(graph, 5, row => graph.Microsoft(
            "NhwcMaxPool", "made", [row],
            NodeAttribute.Ints("kernel_shape", 1, 3), NodeAttribute.Ints("pads", 0, 1, 0, 1)))),
        new("com.microsoft.QLinearAveragePool", graph => Rowed(graph, 5, row => graph.Microsoft(
            "QLinearAveragePool", "made",
            [row, graph.Number(0.02f), Zero(graph, "a"), graph.Number(0.02f), Zero(graph, "y")],
            NodeAttribute.Int("channels_last", 1), NodeAttribute.Ints("kernel_shape", 1, 3),
            NodeAttribute.Ints("pads", 0, 1, 0, 1)))),
        new("com.microsoft.QLinearAdd", graph =>
        {
            var (left, right) = (graph.Hidden(5), graph.Hidden(5, "k"));
            var sum = graph.Microsoft(
                "QLinearAdd", "sum",
                [Quantized(graph, left, "a"), graph.Number(0.02f), Zero(graph, "a"), Quantized(graph, right, "b"),
                    graph.Number(0.02f), Zero(graph, "b"), graph.Number(0.02f), Zero(graph, "y")]);
            graph.Finish(graph.Add("DequantizeLinear", "floats", sum, graph.Number(0.02f), Zero(graph, "y")), 5);
        }),
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

    // Positions as one row of a picture whose channels are last.
    private static void Rowed(SmallGraph graph, long width, Func<string, string> make)
    {
        var row = graph.Add("Unsqueeze", "row", Quantized(graph, graph.Hidden(5), "a"), graph.Numbers(1));
        var back = graph.Add("Squeeze", "back", make(row), graph.Numbers(1));
        graph.Finish(graph.Add("DequantizeLinear", "floats", back, graph.Number(0.05f), Zero(graph, "y")), width);
    }

    private static string Quantized(SmallGraph graph, string value, string name) => graph.Add(
        "QuantizeLinear", $"{name}_q", value, graph.Number(0.02f), Zero(graph, name));

    // A zero point, once for each name.
    private static string Zero(SmallGraph graph, string name) =>
        graph.Graph.Has($"{name}_zero") ? $"{name}_zero" : graph.Bytes($"{name}_zero");

    private static string Integers(SmallGraph graph, int[] list) => graph.Graph.AddWeight("groups", new Weight(
        TensorDtype.Int32, [list.Length], stream => stream.Write(MemoryMarshal.AsBytes<int>(list))));

    private static void Packed(
        SmallGraph graph, int bits, bool zeroPoints, bool groups = false, bool moves = false)
    {
        const int Inner = 3 * Block;
        string[] rest = zeroPoints ? [graph.Bytes("zeros", 5, ((3 * bits) + 7) / 8)] : [];
        if (groups)
        {
            // Every third index is of one group.
            int[] list = [.. Enumerable.Range(0, Inner).Select(index => index % 3)];
            rest = [.. rest, moves ? Integers(graph, list) : graph.With(
                "Cast", "groups", [graph.Numbers([.. list.Select(group => (long)group)])], NodeAttribute.Int("to", 6))];
        }

        var made = graph.Microsoft(
            "MatMulNBits", "made",
            [graph.Hidden(Inner), graph.Bytes("w", 5, 3, Block * bits / 8), graph.Weight("scales", 5, 3), .. rest],
            NodeAttribute.Int("K", Inner), NodeAttribute.Int("N", 5), NodeAttribute.Int("bits", bits),
            NodeAttribute.Int("block_size", Block), NodeAttribute.Int("accuracy_level", 1));
        graph.Finish(graph.Add("Mul", "small", made, graph.Number(bits == 8 ? 0.001f : 0.05f)), 5);
    }
}
