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

        inner.Output.Add(new ValueInfoProto
        {
            Name = nodes[^1].Output,
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } },
        });
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = inner };
    }

    private static AttributeProto Branch(SmallGraph graph, string name, string table, int rows)
    {
        var inner = new GraphProto { Name = name };
        inner.Node.Add(new NodeProto
        {
            OpType = "Identity",
            Input = { graph.Weight(table, rows, Width) },
            Output = { $"{table}_table" },
        });
        inner.Output.Add(new ValueInfoProto
        {
            Name = $"{table}_table",
            Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = 1 } },
        });
        return new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Graph, G = inner };
    }
}
