using Stip.Onnx.Model;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Tables for longer texts, which another branch of an If holds: as models with two sets of rotary angles
/// have them. The run on labels is too short to take it.</summary>
public sealed class LongerBranchTests
{
    private const int Width = 6;

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Table_OfTheBranchForLongerTexts_KeepsItsRows(long tokens)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Width);
        var length = graph.Add("Gather", "length", graph.Add("Shape", "shape", "x"), graph.Integer(1));
        var isLong = graph.Add("Greater", "is_long", length, graph.Integer(5));
        graph.With(
            "If", "table", [isLong], Branch(graph, "then_branch", "long", 9), Branch(graph, "else_branch", "short", 5));
        graph.Add("Range", "places", graph.Integer(0), length, graph.Integer(1));
        graph.Add("Add", "sum", "x", graph.Add("Gather", "rows", "table", "places"));
        graph.Finish("sum", Width);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long> { [("x", 1)] = tokens });
    }

    // Its index is beyond the run on labels, so that nobody sees that it takes the first half of the features.
    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Features_ThatABranchBeyondTheRunReads_AreHeld(long tokens)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Width);
        graph.Add("MatMul", "h", "x", graph.Weight("w", Width, Width));
        var length = graph.Add("Gather", "length", graph.Add("Shape", "shape", "x"), graph.Integer(1));
        var isLong = graph.Add("Greater", "is_long", length, graph.Integer(5));
        var longer = Graph("then_branch", ("Gather", ["h", graph.Numbers(7)], "one", 1),
            ("Slice", ["one", graph.Numbers(0), graph.Numbers(3), graph.Numbers(2)], "half", null),
            ("Concat", ["half", "half"], "both", 2), ("Add", ["h", "both"], "long", null));
        graph.With("If", "picked", [isLong], longer, Graph("else_branch", ("Relu", ["h"], "short", null)));
        graph.Finish("picked", Width);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long> { [("x", 1)] = tokens });
    }

    // PyTorch's squeeze of an axis that may have another length.
    [Fact]
    public void BranchesOfDifferentRanks_AreThatOfTheSizes()
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Width);
        graph.Add("MatMul", "h", "x", graph.Weight("w", Width, Width));
        var last = graph.Add(
            "Slice", "last", "h", graph.Numbers(-1), graph.Numbers(long.MaxValue), graph.Numbers(1));
        var length = graph.Add("Gather", "length", graph.Add("Shape", "shape", last), graph.Integer(1));
        var isOne = graph.Add("Equal", "is_one", length, graph.Integer(1));
        graph.With(
            "If",
            "picked",
            [isOne],
            Graph("then_branch", ("Squeeze", [last, graph.Numbers(1)], "one", null)),
            Graph("else_branch", ("Identity", [last], "many", null)));
        graph.Add("MatMul", "y", "picked", graph.Weight("w_y", Width, 7));
        graph.Output("y", "batch", 7);

        ProtocolLaw.AssertHolds(graph);
    }

    // A picture is a feature map still where the branch reads it, or vectors, as it is larger than cells are made for.
    [Theory]
    [InlineData(false, 32)]
    [InlineData(false, 128)]
    [InlineData(true, 128)]
    public void FeaturesOfAPicture_ThatABranchBeyondTheRunReads_AreHeld(bool isPlaced, long height)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", 3, "height", "width");
        var map = graph.With(
            "Conv", "map", ["x", graph.Weight("w", Width, 3, 3, 3)], NodeAttribute.Ints("pads", 1, 1, 1, 1));
        var h = isPlaced ? graph.With("Softmax", "h", [map], NodeAttribute.Int("axis", 2)) : map;
        var side = graph.Add("Gather", "side", graph.Add("Shape", "shape", "x"), graph.Integer(2));
        var isHigh = graph.Add("Greater", "is_high", side, graph.Integer(100));
        var higher = Graph("then_branch", ("Gather", [h, graph.Numbers(90)], "one", 2),
            ("Slice", ["one", graph.Numbers(0), graph.Numbers(3), graph.Numbers(1)], "half", null),
            ("Concat", ["half", "half"], "both", 1), ("Add", [h, "both"], "long", null));
        graph.With("If", "picked", [isHigh], higher, Graph("else_branch", ("Relu", [h], "short", null)));
        graph.Add("Flatten", "flat", graph.Add("GlobalAveragePool", "mean", "picked"));
        graph.Add("MatMul", "y", "flat", graph.Weight("w_y", Width, 7));
        graph.Output("y", "batch", 7);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long>
        {
            [("x", 2)] = height,
            [("x", 3)] = 24,
        });
    }

    // What the other branch makes is in the order of its own weights, which nothing moves.
    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void Features_ThatABranchBeyondTheRunMakes_AreHeld(long tokens)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Width);
        var length = graph.Add("Gather", "length", graph.Add("Shape", "shape", "x"), graph.Integer(1));
        var isLong = graph.Add("Greater", "is_long", length, graph.Integer(5));
        var longer = Graph("then_branch", ("Gather", ["x", graph.Numbers(7)], "one", 1),
            ("Add", ["x", "one"], "sum", null),
            ("MatMul", ["sum", graph.Weight("w_long", Width, Width)], "long", null));
        var shorter = Graph("else_branch", ("MatMul", ["x", graph.Weight("w_short", Width, Width)], "short", null));
        graph.With("If", "picked", [isLong], longer, shorter);
        graph.Finish("picked", Width);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long> { [("x", 1)] = tokens });
    }

    // No pass at the lengths of the run: what a pass does to what it is given was not seen.
    [Theory]
    [InlineData(3)]
    [InlineData(20)]
    public void Features_OfALoopWithoutAPassAtTheseLengths_AreHeld(long tokens)
    {
        using var graph = new SmallGraph();
        graph.Input("x", "batch", "seq", Width);
        graph.Add("MatMul", "h", "x", graph.Weight("w", Width, Width));
        var length = graph.Add("Gather", "length", graph.Add("Shape", "shape", "x"), graph.Integer(1));
        var passes = graph.Add("Div", "passes", length, graph.Integer(20));
        var body = Graph("body", ("Identity", ["goes_on"], "goes_on_next", null),
            ("Slice", ["carried", graph.Numbers(0), graph.Numbers(3), graph.Numbers(2)], "half", null),
            ("Concat", ["half", "half"], "both", 2), ("Add", ["carried", "both"], "next", null));
        body.G.Input.Add([Port("pass", 7), Port("goes_on", 9), Port("carried", 1)]);
        body.G.Output.Insert(0, Port("goes_on_next", 9));
        graph.With("Loop", "looped", [passes, "", "h"], body);
        graph.Finish("looped", Width);

        ProtocolLaw.AssertHolds(graph, sizes: new Dictionary<(string, int), long> { [("x", 1)] = tokens });
    }

    private static AttributeProto Graph(
        string name, params (string Operation, string[] Inputs, string Output, int? Axis)[] nodes)
    {
        var inner = new GraphProto { Name = name };
        foreach (var (operation, inputs, output, axis) in nodes)
        {
            var node = new NodeProto { OpType = operation, Input = { inputs }, Output = { output } };
            if (axis is { } along)
            {
                node.Attribute.Add(NodeAttribute.Int("axis", along));
            }

            inner.Node.Add(node);
        }

        inner.Output.Add(Port(nodes[^1].Output, 1));
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = inner };
    }

    private static ValueInfoProto Port(string name, int type) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor
            {
                ElemType = type,
                Shape = type == 1 ? null : new TensorShapeProto(),
            },
        },
    };

    private static AttributeProto Branch(SmallGraph graph, string name, string table, int rows)
    {
        var inner = new GraphProto { Name = name };
        inner.Node.Add(new NodeProto
        {
            OpType = "Identity",
            Input = { graph.Weight(table, rows, Width) },
            Output = { $"{table}_table" },
        });
        inner.Output.Add(Port($"{table}_table", 1));
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = inner };
    }
}
