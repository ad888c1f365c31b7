using Google.Protobuf;
using Stip.Api.Registry.Packages;
using Stip.Onnx.Model;
using Stip.TestKit;
using Floats = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Api.Tests.Registry;

/// <summary>What the file of a graph says of rows that run together.</summary>
public sealed class OnnxReferencesTests
{
    [Theory]
    [InlineData("MoE", "RoundedTogether")]
    [InlineData("QMoE", "RoundedTogether")]
    [InlineData("DynamicQuantizeLinear", "Mixed")]
    [InlineData("DynamicQuantizeMatMul", "Mixed")]
    [InlineData("MatMul", "Apart")]
    public void RowsOf_Operator_IsWhatItsKernelDoes(string type, string wanted) =>
        Assert.Equal(wanted, RowsOf(Graph(Node(type, "rows", "made"))));

    // Experts in plain operators: what a row holds says to which it is sent.
    [Theory]
    [InlineData("NonZero")]
    [InlineData("Unique")]
    [InlineData("Slice", "rows")]
    [InlineData("Compress", "rows")]
    public void RowsOf_OperatorWhoseLengthGoesByRows_AreMultipliedTogether(string type, string? data = null)
    {
        var (places, picked) = (Node("TopK", "rows k", "shares places"), Node(type, $"{data} places".Trim(), "some"));

        Assert.Equal("RoundedTogether", RowsOf(Graph(places, picked)));
        Assert.Equal("RoundedTogether", RowsOf(Graph(places, Inside("If", "flag", Body("", "some", picked)))));
    }

    // Old exporters count with them; masks and lengths are no rows.
    [Theory]
    [InlineData("NonZero", "mask")]
    [InlineData("NonZero", "ones")]
    [InlineData("Slice", "rows ones")]
    [InlineData("Reshape", "rows ones")]
    [InlineData("Gather", "rows places")]
    [InlineData("ReduceMax", "rows places")]
    public void RowsOf_OperatorWhoseLengthGoesByNoRow_AreApart(string type, string inputs) => Assert.Equal(
        "Apart",
        RowsOf(Graph(
            Node("Shape", "rows", "shape"),
            Node("ConstantOfShape", "shape", "ones"),
            Node("TopK", "rows k", "shares places"),
            Node(type, inputs, "some"))));

    [Fact]
    public void RowsOf_Function_GoesByWhatItIsCalledWith()
    {
        var function = new FunctionProto { Name = "pick", Domain = "own", Input = { "x" }, Output = { "y" } };
        function.Node.Add(Node("NonZero", "x", "y"));

        var (ofRows, ofMask) = (Graph(Call("rows")), Graph(Call("mask")));
        ofRows.Functions.Add(function);
        ofMask.Functions.Add(function);

        Assert.Equal("RoundedTogether", RowsOf(ofRows));
        Assert.Equal("Apart", RowsOf(ofMask));

        static NodeProto Call(string input)
        {
            var call = Node("pick", input, "some");
            call.Domain = "own";
            return call;
        }
    }

    // 20,000 calls deep the stack would end.
    [Theory]
    [InlineData(10, "Apart")]
    [InlineData(20_000, "RoundedTogether")]
    public void RowsOf_FunctionsThatCallEachOther_EndsHoweverDeep(int calls, string wanted)
    {
        var model = Graph(Call(0, "rows", "some"));
        for (var i = 0; i < calls; i++)
        {
            var function = new FunctionProto { Name = $"own{i}", Domain = "own", Input = { "x" }, Output = { "y" } };
            function.Node.Add(i == calls - 1 ? Node("Relu", "x", "y") : Call(i + 1, "x", "y"));
            model.Functions.Add(function);
        }

        Assert.Equal(wanted, RowsOf(model));

        static NodeProto Call(int function, string input, string output)
        {
            var call = Node($"own{function}", input, output);
            call.Domain = "own";
            return call;
        }
    }

    // Each pass over its body would find one more value that is carried on.
    [Theory]
    [InlineData(10, "Apart")]
    [InlineData(20_000, "RoundedTogether")]
    public void RowsOf_ALoopThatHandsOnFromOneToTheNext_EndsHoweverMany(int carried, string wanted)
    {
        var names = Enumerable.Range(0, carried).Select(i => $"c{i}").ToArray();
        var body = Body($"number go {string.Join(' ', names)}", $"go {string.Join(' ', names[1..])} rows");

        Assert.Equal(
            wanted, RowsOf(Graph(Inside("Loop", "count flag " + string.Join(' ', names.Select(_ => "zero")), body))));
    }

    // A loop over rows takes them one by one, by the number of its pass; what it carries on is another matter.
    [Theory]
    [InlineData("number", "Apart")]
    [InlineData("state", "RoundedTogether")]
    public void RowsOf_Loop_GoesByWhatItCarries(string start, string wanted)
    {
        var body = Body(
            "number go state", "go next",
            Node("Slice", $"mask {start}", "taken"), Node("Add", "state rows", "next"));

        Assert.Equal(wanted, RowsOf(Graph(Inside("Loop", "count flag zero", body))));
    }

    [Theory]
    [InlineData(Floats.Float, false)]
    [InlineData(Floats.Int8, false)]
    [InlineData(Floats.Float16, true)]
    [InlineData(Floats.Bfloat16, true)]
    public void ForwardRowsOf_WeightsOfHalfPrecision_AreNarrow(object type, bool wanted)
    {
        var weight = new TensorProto { Name = "weight", DataType = (int)(Floats)type, Dims = { 1 } };
        var asInitializer = Graph(Node("Add", "rows weight", "made"));
        asInitializer.Graph.Initializer.Add(weight);
        var constant = Node("Constant", "", "weight");
        constant.Attribute.Add(new AttributeProto { Name = "value", T = weight });
        var inABranch = Graph(Inside("If", "flag", Body("", "weight", constant)));

        Assert.All(
            new[] { asInitializer, inABranch },
            model => Assert.Equal(wanted, Of(model, OnnxReferences.ForwardRowsOf).AreNarrow));
    }

    [Theory]
    [InlineData("DynamicQuantizeLinear", true)]
    [InlineData("MoE", false)]
    [InlineData("NonZero", false)]
    public void ForwardRowsOf_WhatIsRoundedOverAllRows_IsMixed(string type, bool wanted) =>
        Assert.Equal(wanted, Of(Graph(Node(type, "rows", "made")), OnnxReferences.ForwardRowsOf).AreMixed);

    private static string RowsOf(ModelProto model) => Of(model, OnnxReferences.RowsOf).ToString();

    private static T Of<T>(ModelProto model, Func<string, T> of)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.At("model.onnx"), model.ToByteArray());
        return of(folder.At("model.onnx"));
    }

    private static ModelProto Graph(params NodeProto[] nodes)
    {
        var graph = Body("", "some", nodes);
        graph.Input.Add(Input("rows", Floats.Float));
        graph.Input.Add(Input("mask", Floats.Int64));
        return new ModelProto { Graph = graph };
    }

    private static ValueInfoProto Input(string name, Floats type) => new()
    {
        Name = name,
        Type = new TypeProto { TensorType = new TypeProto.Types.Tensor { ElemType = (int)type } },
    };

    private static GraphProto Body(string inputs, string outputs, params NodeProto[] nodes) => new()
    {
        Input = { Words(inputs).Select(name => new ValueInfoProto { Name = name }) },
        Output = { Words(outputs).Select(name => new ValueInfoProto { Name = name }) },
        Node = { nodes },
    };

    private static NodeProto Inside(string type, string inputs, GraphProto body)
    {
        var node = Node(type, inputs, "all");
        node.Attribute.Add(new AttributeProto { Name = "body", G = body });
        return node;
    }

    private static NodeProto Node(string type, string inputs, string outputs) =>
        new() { OpType = type, Input = { Words(inputs) }, Output = { Words(outputs) } };

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
