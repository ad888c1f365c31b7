using Google.Protobuf;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Onnx.Protection;
using Stip.Onnx.Protection.Cut;
using Stip.Onnx.Running;
using Stip.Onnx.Tests.Symmetry;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Protection.Cut;

public sealed class InlinedCallsTests : IDisposable
{
    private const string Local = "pkg.local";

    private readonly SmallGraph _graph = new();
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Protect_OfAModelThatIsOneFunction_CutsInsideIt()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();
        Rewrite(model => Wrap(model, "Whole", "Outer"));

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        var inputs = new Dictionary<string, HostTensor>
        {
            ["input_ids"] = HostTensor.FromIntegers([10L, 0L, 3L, 3L], 2, 2),
            ["position_ids"] = HostTensor.FromIntegers([0L, 1L, 6L, 7L], 2, 2),
        };
        var plain = WholeModel.Run(_graph.FilePath, inputs).Single().Tensor;
        var moved = WholeModel.Run(_folder.At("package"), inputs).Single().Tensor;
        // float32 sums of 6 and 10 terms in another order.
        Assert.All(plain.ToFloats().Zip(moved.ToFloats()), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "model.onnx"));
        Assert.Contains(cloud.Graph.Initializer, weight => weight.Name == "gate_weight");
        Assert.DoesNotContain(cloud.Graph.Input, input => input.Name == "input_ids");
    }

    [Fact]
    public void Apply_WhereACallTakesFeaturesOnly_LeavesIt()
    {
        var model = Model(
            Node("Gather", "", ["table", "ids"], "rows"), Node("Norm", Local, ["rows"], "y"));
        model.Graph.Initializer.Add(new TensorProto { Name = "table", Dims = { 5, 3 }, DataType = 1 });
        model.Functions.Add(Function("Norm", Node("Tanh", "", ["x"], "y")));

        Assert.False(InlinedCalls.Apply(model));
        Assert.Equal(["Gather", "Norm"], model.Graph.Node.Select(node => node.OpType));
    }

    [Fact]
    public void Apply_ToACall_GivesInnerGraphsItsAttributesAndNamesOfTheirOwn()
    {
        var branch = new GraphProto { Node = { Node("LeakyRelu", "", ["x"], "b") } };
        branch.Node[0].Attribute.Add(new AttributeProto { Name = "alpha", RefAttrName = "slope" });
        branch.Output.Add(new ValueInfoProto { Name = "b" });
        var choice = Node("If", "", ["x"], "y");
        choice.Attribute.Add(new AttributeProto { Name = "then_branch", G = branch });
        var call = Node("Choose", Local, ["ids"], "y");
        call.Attribute.Add(NodeAttribute.Float("slope", 0.25f));
        var model = Model(call);
        model.Functions.Add(Function("Choose", choice));

        Assert.True(InlinedCalls.Apply(model));

        var inner = Assert.Single(Assert.Single(model.Graph.Node).Attribute).G;
        Assert.Equal(["ids"], inner.Node[0].Input);
        Assert.Equal(inner.Output[0].Name, inner.Node[0].Output[0]);
        Assert.NotEqual("b", inner.Output[0].Name);
        Assert.Equal(0.25f, Assert.Single(inner.Node[0].Attribute).F);
    }

    [Fact]
    public void Protect_OfCallsInBranches_CutsInsideThem()
    {
        TextGraph.Build(_graph);
        _graph.Save().Dispose();
        Rewrite(model => WrapInBranches(model));

        var made = PackageProtector.Protect(
            _graph.FilePath, _folder.At("package"), new ProtectionOptions("text"), new SeededRandom(3));

        Assert.True(made.Verification!.Passed);
        using var cloud = ModelFile.Load(_folder.At("package", "cloud", "model.onnx"));
        Assert.Contains(cloud.Tensors, weight => weight.Name == "gate_weight");
        Assert.DoesNotContain(cloud.Graph.Input, input => input.Name == "input_ids");
    }

    [Theory]
    [InlineData(17, 18)]
    [InlineData(18, 17)]
    public void Apply_WhereOperatorsOfAnotherVersionMeanTheSame_WritesTheCallOut(long graph, long function)
    {
        var model = Model(Node("Norm", Local, ["ids"], "y"));
        model.OpsetImport.Add(new OperatorSetIdProto { Version = graph });
        model.Functions.Add(Function("Norm", Node("Tanh", "", ["x"], "y")));
        model.Functions[0].OpsetImport.Add(new OperatorSetIdProto { Version = function });

        Assert.True(InlinedCalls.Apply(model));

        Assert.Equal("Tanh", Assert.Single(model.Graph.Node).OpType);
        Assert.Equal(18, Assert.Single(model.OpsetImport).Version);
    }

    [Theory]
    [InlineData(17, 11)]
    [InlineData(11, 17)]
    public void Apply_WhereAnOperatorChangedBetweenVersions_LeavesTheCall(long graph, long function)
    {
        // Which of both was written for the earlier version.
        var old = Node("Squeeze", "", ["x"], "y");
        old.Attribute.Add(NodeAttribute.Ints("axes", 1));
        var model = Model(Node("Norm", Local, ["ids"], "n"), graph < function ? old : Node("Tanh", "", ["n"], "y"));
        model.OpsetImport.Add(new OperatorSetIdProto { Version = graph });
        model.Functions.Add(Function("Norm", graph < function ? Node("Tanh", "", ["x"], "y") : old));
        model.Functions[0].OpsetImport.Add(new OperatorSetIdProto { Version = function });

        Assert.False(InlinedCalls.Apply(model));
        Assert.Equal(graph, Assert.Single(model.OpsetImport).Version);
    }

    [Fact]
    public void Apply_WhereAnOperatorChangedBesideLayers_IsRefusedWithTheReason()
    {
        var old = Node("Squeeze", "", ["m"], "y");
        old.Attribute.Add(NodeAttribute.Ints("axes", 1));
        old.Name = "less";
        var model = Model(Node("Whole", Local, ["ids", "weight"], "y"));
        model.Graph.Initializer.Add(new TensorProto { Name = "weight", Dims = { 5, 3 }, DataType = 1 });
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        model.Functions.Add(Function("Whole", Node("MatMul", "", ["x", "w"], "m"), old));
        model.Functions[0].Input.Add("w");
        model.Functions[0].OpsetImport.Add(new OperatorSetIdProto { Version = 11 });

        var refused = Assert.Throws<RefusedException>(() => InlinedCalls.Apply(model));

        Assert.StartsWith(
            "function 'Whole' of 'pkg.local' is written for version 11 of the operators and the graph for 17, between "
            + "which Squeeze (node 'less') changed", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_WhereACallThatStaysWouldChange_LeavesTheVersion()
    {
        var old = Node("Squeeze", "", ["x"], "y");
        old.Attribute.Add(NodeAttribute.Ints("axes", 1));
        var model = Model(Node("Norm", Local, ["ids"], "n"));
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 12 });
        foreach (var (name, version) in new[] { ("Norm", 17), ("Stays", 12) })
        {
            model.Functions.Add(Function(name, name == "Norm" ? Node("Tanh", "", ["x"], "y") : old));
            model.Functions[^1].OpsetImport.Add(new OperatorSetIdProto { Version = version });
        }

        Assert.False(InlinedCalls.Apply(model));
        Assert.Equal(12, Assert.Single(model.OpsetImport).Version);
    }

    [Fact]
    public void Apply_OfAFunctionWithALaterDomainOfItsOwn_LeavesTheGraphsVersion()
    {
        var model = Model(Node("Norm", Local, ["ids"], "y"));
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.other", Version = 1 });
        model.Functions.Add(Function("Norm", Node("Tanh", "", ["x"], "y")));
        model.Functions[0].OpsetImport.Add(new OperatorSetIdProto { Domain = "com.other", Version = 2 });

        Assert.True(InlinedCalls.Apply(model));
        Assert.Equal(1, Assert.Single(model.OpsetImport).Version);
    }

    [Theory]
    [InlineData("attention_mask")]
    [InlineData("past_key_values.0.key")]
    public void Apply_WhereAnOperatorChangedBesideLayersOfNoSecret_LeavesTheCall(string input)
    {
        var old = Node("Squeeze", "", ["m"], "y");
        old.Attribute.Add(NodeAttribute.Ints("axes", 1));
        var model = Model(Node("Whole", Local, [input, "weight"], "y"));
        model.Graph.Input[0] = new ValueInfoProto { Name = input, Type = new TypeProto() };
        model.Graph.Input[0].Type.TensorType = new TypeProto.Types.Tensor
        {
            ElemType = (int)TensorProto.Types.DataType.Float,
            Shape = new TensorShapeProto { Dim = { Enumerable.Range(0, 4).Select(_ => Free()) } },
        };
        model.Graph.Initializer.Add(new TensorProto { Name = "weight", Dims = { 5, 3 }, DataType = 1 });
        model.OpsetImport.Add(new OperatorSetIdProto { Version = 17 });
        model.Functions.Add(Function("Whole", Node("MatMul", "", ["x", "w"], "m"), old));
        model.Functions[0].Input.Add("w");
        model.Functions[0].OpsetImport.Add(new OperatorSetIdProto { Version = 11 });

        Assert.False(InlinedCalls.Apply(model));

        static TensorShapeProto.Types.Dimension Free() => new() { DimParam = "any" };
    }

    [Fact]
    public void Apply_WhereAFunctionCallsItself_IsRefused()
    {
        var model = Model(Node("Again", Local, ["ids"], "y"));
        model.Functions.Add(Function("Again", Node("Again", Local, ["x"], "y")));

        var refused = Assert.Throws<RefusedException>(() => InlinedCalls.Apply(model));

        Assert.Equal("function 'Again' of 'pkg.local' calls itself", refused.Message);
    }

    public void Dispose()
    {
        _folder.Dispose();
        _graph.Dispose();
    }

    private void Rewrite(Action<ModelProto> change)
    {
        var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(_graph.FilePath));
        change(model);
        File.WriteAllBytes(_graph.FilePath, model.ToByteArray());
    }

    // All nodes of the graph in one function, in another one.
    private static void Wrap(ModelProto model, params string[] names)
    {
        foreach (var name in names)
        {
            string[] given = [.. model.Graph.Input.Select(value => value.Name),
                .. model.Graph.Initializer.Select(value => value.Name)];
            var function = new FunctionProto { Name = name, Domain = Local };
            function.Input.Add(given);
            function.Output.Add(model.Graph.Output.Select(value => value.Name));
            function.Node.Add(model.Graph.Node);
            function.OpsetImport.Add(model.OpsetImport);
            model.Functions.Add(function);
            model.Graph.Node.Clear();
            model.Graph.Node.Add(Node(name, Local, given, [.. function.Output]));
            if (model.OpsetImport.All(set => set.Domain != Local))
            {
                model.OpsetImport.Add(new OperatorSetIdProto { Domain = Local, Version = 1 });
            }
        }

        model.IrVersion = Math.Max(model.IrVersion, 8);
    }

    // An If whose branches call the whole graph.
    private static void WrapInBranches(ModelProto model)
    {
        var output = model.Graph.Output.Single().Clone();
        Wrap(model, "Whole");
        var call = model.Graph.Node.Single();
        var choice = Node("If", "", ["use_cache_branch"], output.Name);
        foreach (var name in new[] { "then", "else" })
        {
            var inner = call.Clone();
            inner.Output[0] = $"{name}_{output.Name}";
            var made = output.Clone();
            made.Name = inner.Output[0];
            choice.Attribute.Add(new AttributeProto
            {
                Name = $"{name}_branch",
                Type = AttributeProto.Types.AttributeType.Graph,
                G = new GraphProto { Name = name, Node = { inner }, Output = { made } },
            });
        }

        model.Graph.Node.Clear();
        model.Graph.Node.Add(choice);
        var flag = new ValueInfoProto { Name = "use_cache_branch", Type = new TypeProto() };
        flag.Type.TensorType = new TypeProto.Types.Tensor
        {
            ElemType = (int)TensorProto.Types.DataType.Bool,
            Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 1 } } },
        };
        model.Graph.Input.Add(flag);
    }

    private static ModelProto Model(params NodeProto[] nodes)
    {
        var graph = new GraphProto { Node = { nodes }, Input = { new ValueInfoProto { Name = "ids" } } };
        return new ModelProto { Graph = graph };
    }

    private static FunctionProto Function(string name, params NodeProto[] nodes) =>
        new() { Name = name, Domain = Local, Input = { "x" }, Output = { "y" }, Node = { nodes } };

    private static NodeProto Node(string operation, string domain, string[] inputs, params string[] outputs) =>
        new() { OpType = operation, Domain = domain, Input = { inputs }, Output = { outputs } };
}
