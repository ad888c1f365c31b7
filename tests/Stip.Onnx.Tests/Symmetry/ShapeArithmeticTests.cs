using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;
using Stip.Onnx.Symmetry.Reports;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>Graphs as exporters write them: sizes, ranges and masks are computed inside the graph.</summary>
public sealed class ShapeArithmeticTests : IDisposable
{
    private readonly SmallGraph _graph = new();

    [Fact]
    public void CausalAttention_WithAMaskMadeInTheGraph_IsExact()
    {
        _graph.Input("x", "batch", "seq", 8);
        foreach (var part in new[] { "q", "k", "v" })
        {
            _graph.Add("MatMul", part, "x", _graph.Weight($"w_{part}", 8, 8));
        }

        _graph.With("Transpose", "kt", ["k"], Ints("perm", 0, 2, 1));
        _graph.Add("MatMul", "scores", "q", "kt");
        _graph.Add("Where", "masked", CausalMask(), "scores", Number("least", -1e9f));
        _graph.With("Softmax", "shares", ["masked"], NodeAttribute.Int("axis", -1));
        _graph.Add("MatMul", "mixed", "shares", "v");
        _graph.Add("MatMul", "y", "mixed", _graph.Weight("w_o", 8, 8));
        _graph.Output("y", "batch", "seq", 8);

        var plan = ProtocolLaw.AssertHolds(_graph);

        Assert.Equal(plan.Initializers["w_q"].Axes[1], plan.Initializers["w_k"].Axes[1]);
        Assert.Equal(plan.Initializers["w_v"].Axes[1], plan.Initializers["w_o"].Axes[0]);
    }

    [Fact]
    public void WeightCutAtAThirdOfItsFeatures_MovesAndOneCutAtALengthDoesNot()
    {
        _graph.Input("x", "batch", "seq", 8);
        var width = _graph.Add("Gather", "width", _graph.Add("Shape", "sizes", "x"), _graph.Numbers(2));
        var length = _graph.Add("Gather", "length", "sizes", _graph.Numbers(1));
        var half = _graph.Add("Slice", "half", _graph.Weight("w", 8, 16), _graph.Numbers(0), width, _graph.Numbers(1));
        _graph.Add("MatMul", "made", "x", half);
        var table = _graph.Weight("places", 9, 8);
        _graph.Add("Slice", "first", table, _graph.Numbers(0), length, _graph.Numbers(0));
        _graph.Add("MatMul", "y", _graph.Add("Add", "sum", "made", "first"), _graph.Weight("w_y", 8, 7));
        _graph.Output("y", "batch", "seq", 7);

        var plan = ProtocolLaw.AssertHolds(_graph);

        Assert.NotNull(plan.Initializers["w"].Axes[1]);
        Assert.Null(plan.Initializers["places"].Axes[0]);
    }

    [Fact]
    public void ReshapeToComputedSizes_IsExact()
    {
        _graph.Input("x", "batch", "seq", 8);
        var width = Size("2");
        _graph.Add("Div", "half", width, Constant("two", 2));
        _graph.Add("Sub", "rest", width, "half");
        _graph.Add("Max", "larger", "half", "rest");
        _graph.With("Concat", "shape", [Size("0"), Size("1"), Constant("two_again", 2), "larger"], Axis(0));
        _graph.Add("Reshape", "pairs", "x", "shape");
        _graph.With("Cast", "cast", ["pairs"], NodeAttribute.Int("to", 1));
        _graph.With("ReduceSum", "sum", ["cast", Constant("over", 2)], NodeAttribute.Int("keepdims", 0));
        _graph.Add("MatMul", "y", "sum", _graph.Weight("w", 4, 6));
        _graph.Output("y", "batch", "seq", 6);

        var plan = ProtocolLaw.AssertHolds(_graph);

        var (rows, hidden) = (plan.Initializers["w"].Axes[0]!, plan.Inputs["x"].Permutation!);
        Assert.All(Enumerable.Range(0, 8), i => Assert.Equal(rows[i % 4], hidden[i] % 4));
    }

    [Fact]
    public void NumbersOfTheGraph_AreNoWeights()
    {
        _graph.Input("x", "batch", "seq", 4);
        _graph.Add("Sqrt", "root", Number("four", 4));
        _graph.Add("Mul", "scaled", "x", "root");
        _graph.Add("Not", "no", Fill("zeros", 9, 0));
        _graph.Add("And", "both", "no", "no");
        _graph.Add("Where", "y", "both", "scaled", "x");
        _graph.Output("y", "batch", "seq", 4);
        _graph.Save().Dispose();

        var report = SymmetryInspector.Inspect(_graph.FilePath);

        Assert.Equal([4], report.Classes.Select(group => group.Size));
        Assert.Equal(["x", "y"], report.Classes[0].Members.Select(member => member.Name));
        Assert.Equal(Math.Log2(24), report.KeyBits, 1e-9);
    }

    [Fact]
    public void CacheOfAnotherHeadSize_IsRefused()
    {
        using var graph = AttentionGraph.Packed(rotary: false, sink: false);
        graph.Graph.Graph.Input.Single(input => input.Name == "past.key").Type.TensorType.Shape.Dim[3].DimValue = 8;
        using var file = graph.Save();

        var refusal = Assert.Throws<RefusedException>(() => SymmetryAnalysis.Of(file));

        Assert.Contains("a cache of 2 heads of 8, not 2 of 16", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _graph.Dispose();

    // row >= column, from ranges over the sequence.
    private string CausalMask()
    {
        _graph.With("Squeeze", "length", [Size("1")]);
        _graph.Add("Range", "positions", Scalar("zero", 0), "length", Scalar("one", 1));
        _graph.Add("Unsqueeze", "row", "positions", Constant("last", -1));
        return _graph.Add("GreaterOrEqual", "mask", "row", "positions");
    }

    private string Size(string axis)
    {
        var name = $"size{axis}_{_graph.Graph.Graph.Node.Count}";
        _graph.Add("Shape", $"{name}_all", "x");
        return _graph.Add("Gather", name, $"{name}_all", Constant($"{name}_axis", long.Parse(axis, null)));
    }

    private string Constant(string name, params long[] values) => _graph.Graph.AddConstant(name, values);

    private string Number(string name, float value) =>
        _graph.With("Constant", name, [], NodeAttribute.Float("value_float", value));

    private string Scalar(string name, long value) =>
        _graph.With("Constant", name, [], NodeAttribute.Int("value_int", value));

    private string Fill(string name, int type, byte value)
    {
        var bytes = Google.Protobuf.ByteString.CopyFrom(value);
        var attribute = new AttributeProto
        {
            Name = "value",
            Type = AttributeProto.Types.AttributeType.Tensor,
            T = new TensorProto { DataType = type, Dims = { 1 }, RawData = bytes },
        };
        return _graph.With("ConstantOfShape", name, [Constant($"{name}_shape", 4)], attribute);
    }

    private static AttributeProto Axis(long value) => NodeAttribute.Int("axis", value);

    private static AttributeProto Ints(string name, params long[] values)
    {
        var attribute = new AttributeProto { Name = name, Type = AttributeProto.Types.AttributeType.Ints };
        attribute.Ints.Add(values);
        return attribute;
    }
}
