using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry.Rules;

/// <summary>Operators that only move cells, and those that tell them where to.</summary>
internal static class MoverSamples
{
    public static IEnumerable<RuleSample> All { get; } =
    [
        new("Identity", graph => After(graph, "Identity", [graph.Hidden(5)], 5)),
        new("Cast", graph => After(graph, "Cast", [graph.Hidden(5)], 5, NodeAttribute.Int("to", 1))),
        new("Reshape", graph =>
        {
            var split = graph.Add("Reshape", "split", graph.Hidden(8), graph.Numbers(0, 0, 2, 4));
            After(graph, "ReduceMax", [split, graph.Numbers(2)], 4, NodeAttribute.Int("keepdims", 0));
        }),
        new("Transpose", graph =>
        {
            var split = graph.Add("Reshape", "split", graph.Hidden(6), graph.Numbers(0, 0, 2, 3));
            var turned = graph.With("Transpose", "turned", [split], NodeAttribute.Ints("perm", 0, 1, 3, 2));
            After(graph, "Reshape", [turned, graph.Numbers(0, 0, 6)], 6);
        }),
        new("Unsqueeze", graph =>
        {
            var wide = graph.Add("Unsqueeze", "wide", graph.Hidden(5), graph.Numbers(2));
            After(graph, "Reshape", [wide, graph.Numbers(0, 0, 5)], 5);
        }),
        new("Slice", graph => After(
            graph, "Slice", [graph.Hidden(7), graph.Numbers(1), graph.Numbers(5), graph.Numbers(2)], 4)),
        new("Split", graph =>
        {
            graph.Graph.Append(
                "", "Split", "split", [graph.Hidden(8)], ["a", "b"],
                NodeAttribute.Int("axis", 2), NodeAttribute.Int("num_outputs", 2));
            After(graph, "Mul", ["a", graph.Add("Tanh", "t", "b")], 4);
        }),
        new("Concat", graph => After(
            graph, "Concat", [graph.Hidden(3), graph.Add("Tanh", "t", graph.Hidden(4, "k"))], 7,
            NodeAttribute.Int("axis", -1))),
        new("Tile", graph => After(graph, "Tile", [graph.Hidden(4), graph.Numbers(1, 1, 2)], 8)),
        new("Gather", graph => After(
            graph, "Gather", [graph.Hidden(5), graph.Numbers(1, 4, 2, 0)], 4, NodeAttribute.Int("axis", 2))),
        new("Pad", graph => After(graph, "Pad", [graph.Hidden(4), graph.Numbers(0, 0, 1, 0, 0, 2)], 7)),
        new("Shape", graph =>
        {
            var sizes = graph.With("Shape", "sizes", [graph.Hidden(8)], NodeAttribute.Int("start", 1));
            var shape = graph.With(
                "Concat", "shape", [graph.Numbers(0), sizes], NodeAttribute.Int("axis", 0));
            var flat = graph.Add("Reshape", "flat", graph.Add("Tanh", "t", "h"), graph.Numbers(0, -1));
            After(graph, "Reshape", [flat, shape], 8);
        }),
        new("Shape", graph =>
        {
            var sizes = graph.Add("Shape", "sizes", graph.Weight("grid", 2, 4));
            var shape = graph.With(
                "Concat", "shape", [graph.Numbers(0, 0), sizes], NodeAttribute.Int("axis", 0));
            var split = graph.Add("Reshape", "split", graph.Hidden(8), shape);
            var turned = graph.With("Transpose", "turned", [split], NodeAttribute.Ints("perm", 0, 1, 3, 2));
            After(graph, "Reshape", [turned, graph.Numbers(0, 0, 8)], 8);
        }, "of a weight"),
        new("Range", graph => After(
            graph, "Gather",
            [graph.Hidden(7), graph.Add("Range", "range", graph.Integer(1), graph.Integer(5), graph.Integer(1))],
            4, NodeAttribute.Int("axis", 2))),
        new("EyeLike", graph =>
        {
            var eye = graph.With(
                "EyeLike", "eye", [graph.Add("ConstantOfShape", "square", graph.Numbers(5, 5))],
                NodeAttribute.Int("k", -1), NodeAttribute.Int("dtype", 1));
            var places = graph.With(
                "ArgMax", "places", [eye], NodeAttribute.Int("axis", 1), NodeAttribute.Int("keepdims", 0));
            After(graph, "Gather", [graph.Hidden(5), places], 5, NodeAttribute.Int("axis", 2));
        }),
        new("Compress", graph =>
        {
            var kept = graph.With("Cast", "kept", [graph.Numbers(1, 0, 1, 1)], NodeAttribute.Int("to", 9));
            After(graph, "Compress", [graph.Hidden(4), kept], 3, NodeAttribute.Int("axis", 2));
        }),
        new("DepthToSpace", graph =>
        {
            var flat = graph.Add("Reshape", "planes", graph.Hidden(8), graph.Numbers(-1, 8, 1, 1));
            var space = graph.With("DepthToSpace", "space", [flat], NodeAttribute.Int("blocksize", 2));
            var back = graph.Add("Reshape", "back", space, graph.Numbers(-1, 2, 4));
            graph.Add("MatMul", "y", graph.Add("Tanh", "t", back), graph.Weight("w_y", 4, 7));
            graph.Output("y", "rows", "two", 7);
        }),
        new("SplitToSequence", graph =>
        {
            var list = graph.With(
                "SplitToSequence", "list", [graph.Hidden(6), graph.Numbers(2, 4)], NodeAttribute.Int("axis", 2));
            After(graph, "SequenceAt", [list, graph.Integer(1)], 4);
        }),
        new("SequenceErase", graph =>
        {
            var list = graph.With(
                "SplitToSequence", "list", [graph.Hidden(6), graph.Numbers(2, 1, 3)], NodeAttribute.Int("axis", 2));
            var less = graph.Add("SequenceErase", "less", list, graph.Integer(1));
            After(graph, "ConcatFromSequence", [less], 5, NodeAttribute.Int("axis", 2));
        }),
        new("ReverseSequence", graph =>
        {
            var turned = graph.With("Transpose", "turned", [graph.Hidden(5)], NodeAttribute.Ints("perm", 1, 2, 0));
            var lengths = graph.Add(
                "Expand", "lengths", graph.Numbers(2), graph.Numbers(5));
            var back = graph.With(
                "ReverseSequence", "reversed", [turned, lengths],
                NodeAttribute.Int("time_axis", 0), NodeAttribute.Int("batch_axis", 1));
            After(graph, "Transpose", [back], 5, NodeAttribute.Ints("perm", 2, 0, 1));
        }),
        new("Col2Im", graph =>
        {
            // Rows of 3 channels, 4 taps each, at 9 places of a picture of 4 by 4.
            var columns = graph.Add("Reshape", "columns", graph.Hidden(108), graph.Numbers(-1, 12, 9));
            var picture = graph.Add("Col2Im", "picture", columns, graph.Numbers(4, 4), graph.Numbers(2, 2));
            var flat = graph.Add("Reshape", "flat", picture, graph.Numbers(-1, 3, 16));
            var rows = graph.With("Transpose", "rows", [flat], NodeAttribute.Ints("perm", 0, 2, 1));
            graph.Add("MatMul", "y", graph.Add("Tanh", "t", rows), graph.Weight("w_y", 3, 7));
            graph.Output("y", "rows", 16, 7);
        }),
        new("Trilu", graph =>
        {
            var square = graph.Add("Reshape", "square", graph.Hidden(9), graph.Numbers(0, 0, 3, 3));
            var upper = graph.Add("Trilu", "upper", square);
            After(graph, "Reshape", [upper, graph.Numbers(0, 0, 9)], 9);
        }),
        new("Where", graph => After(
            graph, "Where",
            [graph.Add("Greater", "test", graph.Hidden(5), graph.Number(0)), "h", graph.Hidden(5, "k")], 5)),
        new("If", graph =>
        {
            graph.Hidden(5);
            graph.Graph.AddInput("use", Stip.Protocol.Tensors.TensorDtype.Int64, 1);
            var test = graph.With("Cast", "test", ["use"], NodeAttribute.Int("to", 9));
            graph.With("If", "picked", [test], Branch("then_branch", "Tanh"), Branch("else_branch", "Sigmoid"));
            graph.Finish("picked", 5);
        }),
        new("Loop", graph =>
        {
            graph.Hidden(5);
            var body = new GraphProto { Name = "body" };
            body.Input.Add(new[] { "i", "goes", "state" }.Select(Named));
            body.Node.Add(new NodeProto { OpType = "Identity", Input = { "goes" }, Output = { "goes_on" } });
            body.Node.Add(new NodeProto { OpType = "MatMul", Input = { "state", "w_loop" }, Output = { "next" } });
            body.Output.Add(new[] { "goes_on", "next" }.Select(Named));
            graph.Weight("w_loop", 5, 5);
            graph.With("Loop", "looped", [graph.Integer(2), "", "h"], Inner("body", body));
            graph.Finish("looped", 5);
        }),
    ];

    private static void After(
        SmallGraph graph, string operation, string[] inputs, long width, params ReadOnlySpan<AttributeProto> attributes)
    {
        graph.With(operation, "moved", inputs, attributes);
        graph.Finish("moved", width);
    }

    private static AttributeProto Branch(string name, string operation)
    {
        var graph = new GraphProto { Name = name };
        graph.Node.Add(new NodeProto { OpType = operation, Input = { "h" }, Output = { $"{name}_out" } });
        graph.Output.Add(Named($"{name}_out"));
        return Inner(name, graph);
    }

    private static AttributeProto Inner(string name, GraphProto graph) =>
        new() { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = graph };

    private static ValueInfoProto Named(string name) => new()
    {
        Name = name,
        Type = name is "i" ? Tensor(7) : name.StartsWith("goes", StringComparison.Ordinal) ? Tensor(9) : Tensor(1),
    };

    private static TypeProto Tensor(int type) => new()
    {
        TensorType = new TypeProto.Types.Tensor
        {
            ElemType = type,
            Shape = type == 1 ? null : new TensorShapeProto(),
        },
    };
}
