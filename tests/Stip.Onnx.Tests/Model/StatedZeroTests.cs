using Google.Protobuf;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Model;

public sealed class StatedZeroTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Write_OfAZeroInsideAFunction_StatesItAgain()
    {
        // Inside functions shape inference asks whether a Constant states its number at all.
        var model = Model();
        File.WriteAllBytes(_folder.At("model.onnx"), model.ToByteArray());
        using var file = ModelFile.Load(_folder.At("model.onnx"));

        using var runner = new GraphRunner(file.Model, _folder.Path);

        var given = HostTensor.FromFloats([1f, 2f, 3f], 3);
        Assert.Equal([1f, 2f, 3f], runner.Run(new Dictionary<string, HostTensor> { ["x"] = given })["y"].ToFloats());
        Assert.Equal(model.ToByteArray(), file.Model.ToByteArray());
    }

    public void Dispose() => _folder.Dispose();

    private static ModelProto Model()
    {
        var function = new FunctionProto { Name = "first", Domain = "local", Input = { "a" }, Output = { "b" } };
        function.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 18 });
        function.Node.Add(new NodeProto
        {
            OpType = "Constant",
            Output = { "zero" },
            Attribute =
            {
                new AttributeProto
                {
                    Name = "value_int",
                    Type = AttributeProto.Types.AttributeType.Int,
                    I = 0,
                },
            },
        });
        function.Node.Add(new NodeProto { OpType = "CastLike", Input = { "zero", "a" }, Output = { "number" } });
        function.Node.Add(new NodeProto { OpType = "Add", Input = { "a", "number" }, Output = { "b" } });
        var model = new ModelProto { IrVersion = 8, Graph = new GraphProto { Name = "g" } };
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = 18 });
        model.OpsetImport.Add(new OperatorSetIdProto { Domain = "local", Version = 1 });
        model.Functions.Add(function);
        model.Graph.Node.Add(
            new NodeProto { OpType = "first", Domain = "local", Input = { "x" }, Output = { "y" } });
        model.Graph.Input.Add(Port("x"));
        model.Graph.Output.Add(Port("y"));
        return model;
    }

    private static ValueInfoProto Port(string name) => new()
    {
        Name = name,
        Type = new TypeProto
        {
            TensorType = new TypeProto.Types.Tensor
            {
                ElemType = (int)TensorProto.Types.DataType.Float,
                Shape = new TensorShapeProto { Dim = { new TensorShapeProto.Types.Dimension { DimValue = 3 } } },
            },
        },
    };
}
