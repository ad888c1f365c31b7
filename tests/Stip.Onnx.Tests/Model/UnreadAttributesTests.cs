using Google.Protobuf;
using Stip.Onnx.Model;
using Stip.TestKit;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Tests.Model;

/// <summary>PyTorch's functions of modules get weights twice: as inputs, and as attributes that none reads.</summary>
public sealed class UnreadAttributesTests : IDisposable
{
    private const string Local = "modules";
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Load_OfACallWithATensorThatItsFunctionDoesNotRead_DropsIt()
    {
        var model = Model(new NodeProto { OpType = "Identity", Input = { "x" }, Output = { "y" } });

        Assert.Equal(["epsilon"], Load(model).Graph.Node[0].Attribute.Select(attribute => attribute.Name));
        Assert.Equal(["epsilon"], Load(model).Functions[0].Attribute);
    }

    [Fact]
    public void Load_OfACallThatHandsATensorToOneThatDoesNotReadIt_DropsItFromBoth()
    {
        var inner = new NodeProto { Domain = Local, OpType = "g", Input = { "x" }, Output = { "y" } };
        inner.Attribute.Add(Handed("table"));
        var model = Model(inner);
        model.Functions.Add(Function("g", new NodeProto { OpType = "Tanh", Input = { "x" }, Output = { "y" } }));

        var loaded = Load(model);

        Assert.DoesNotContain(loaded.Graph.Node[0].Attribute, attribute => attribute.Name == "weight");
        Assert.Empty(loaded.Functions[0].Node[0].Attribute);
    }

    [Fact]
    public void Load_OfACallWithATensorThatItsFunctionReads_IsRefused()
    {
        var constant = new NodeProto { OpType = "Constant", Output = { "y" } };
        constant.Attribute.Add(Handed("value"));

        Assert.Contains(
            "node 'call' (f) holds tensors or graphs in 'weight'",
            Assert.Throws<RefusedException>(() => Load(Model(constant))).Message,
            StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static AttributeProto Handed(string name) => new()
    {
        Name = name,
        RefAttrName = "weight",
        Type = AttributeProto.Types.AttributeType.Tensor,
    };

    private static FunctionProto Function(string name, NodeProto node) => new()
    {
        Name = name,
        Domain = Local,
        Input = { "x" },
        Output = { "y" },
        Node = { node },
        OpsetImport = { new OperatorSetIdProto { Version = 17 } },
    };

    private static ModelProto Model(NodeProto body)
    {
        var function = Function("f", body);
        function.Attribute.Add("weight");
        function.Attribute.Add("epsilon");
        var call = new NodeProto { Name = "call", Domain = Local, OpType = "f", Input = { "x" }, Output = { "y" } };
        call.Attribute.Add(new AttributeProto
        {
            Name = "weight",
            Type = AttributeProto.Types.AttributeType.Tensor,
            T = new TensorProto { DataType = (int)DataType.Float, Dims = { 2 }, FloatData = { 1, 2 } },
        });
        call.Attribute.Add(NodeAttribute.Float("epsilon", 1));
        return new ModelProto { IrVersion = 8, Functions = { function }, Graph = new GraphProto { Node = { call } } };
    }

    private ModelProto Load(ModelProto model)
    {
        var path = _folder.At("model.onnx");
        File.WriteAllBytes(path, model.ToByteArray());
        using var file = ModelFile.Load(path);
        return file.Model;
    }
}
