using System.Globalization;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Model;

public sealed class GraphBuilderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Save_OfWeights_AlignsThemInOneFileBesideTheGraph()
    {
        var builder = new GraphBuilder("g");
        builder.AddWeight("small", Weight.FromFloats(TensorDtype.Float32, [3], [1, 2, 3]));
        builder.AddWeight("next", Weight.FromFloats(TensorDtype.Float16, [2], [4, 5]));
        builder.AddWeight("page", Weight.FromFloats(TensorDtype.Float32, [2048], new float[2048]));

        builder.Save(_folder.At("g.onnx"));

        var offsets = Read().Graph.Initializer.Select(tensor => Describe(tensor, "offset"));
        Assert.Equal(["0", "64", "4096"], offsets);
        Assert.All(Read().Graph.Initializer, tensor => Assert.Equal("g.onnx.data", Describe(tensor, "location")));
        Assert.Equal(["12", "4", "8192"], Read().Graph.Initializer.Select(tensor => Describe(tensor, "length")));
        Assert.Equal(4096 + 8192, new FileInfo(_folder.At("g.onnx.data")).Length);
        Assert.Equal(12 + 4 + 8192, builder.WeightBytes);
    }

    [Fact]
    public void Save_OfAModel_StatesTheVersionsThatTheRuntimeReads()
    {
        new GraphBuilder("g").Save(_folder.At("g.onnx"));

        var model = Read();
        Assert.Equal(10, model.IrVersion);
        Assert.Equal(
            [("", 21), ("com.microsoft", 1)], model.OpsetImport.Select(opset => (opset.Domain, opset.Version)));
    }

    [Fact]
    public void Save_OfAWeightThatWritesTooLittle_Fails()
    {
        var builder = new GraphBuilder("g");
        builder.AddWeight("w", new Weight(TensorDtype.Float32, [4], stream => stream.Write(new byte[15])));

        var error = Assert.Throws<InvalidOperationException>(() => builder.Save(_folder.At("g.onnx")));

        Assert.Equal("weight 'w' wrote 15 bytes of 16", error.Message);
    }

    [Fact]
    public void Save_OfManyWeights_ReportsTheBytesOnTheWay()
    {
        var builder = new GraphBuilder("g");
        builder.AddWeight("a", Weight.FromFloats(TensorDtype.Float32, [1], [1]));
        builder.AddWeight("b", Weight.FromFloats(TensorDtype.Float32, [1], [2]));
        var reported = new List<long>();

        builder.Save(_folder.At("g.onnx"), reported.Add);

        Assert.Equal([4, 68], reported);
    }

    [Fact]
    public void Add_OfANameTwice_Fails()
    {
        var builder = new GraphBuilder("g");
        builder.AddInput("x", TensorDtype.Float32, 1);

        Assert.Throws<ArgumentException>(() => builder.AddInput("x", TensorDtype.Float32, 1));
    }

    [Fact]
    public void Graph_OfEveryPart_RunsAsWritten()
    {
        var builder = new GraphBuilder("g");
        var x = builder.AddInput("x", TensorDtype.Float32, "rows", 2);
        var weight = builder.AddWeight("w", Weight.FromFloats(TensorDtype.Float32, [2, 2], [0, 1, 1, 0]));
        var turned = builder.Add("MatMul", "swap", [x, weight]);
        var flat = builder.Add("Reshape", "flat", [turned, builder.AddConstant("shape", -1)]);
        builder.AddMicrosoft("QuickGelu", "act", [flat], ["y"], NodeAttribute.Float("alpha", 1000));
        builder.AddOutput("y", TensorDtype.Float32, "cells");
        builder.Save(_folder.At("g.onnx"));
        using var runner = new GraphRunner(_folder.At("g.onnx"));

        var outputs = runner.Run(new Dictionary<string, HostTensor>
        {
            ["x"] = HostTensor.FromFloats([1, 2, 3, 4], 2, 2).ConvertTo(TensorDtype.Float16),
        });

        Assert.Equal([2, 1, 4, 3], outputs["y"].ToFloats());
        Assert.Equal([-1, 2], runner.Inputs[0].Shape);
        Assert.Throws<ArgumentException>(() => runner.Run(new Dictionary<string, HostTensor>()));
    }

    [Fact]
    public void Signature_OfAGraph_NamesFreeAxesAndLeavesWeightsOut()
    {
        var builder = new GraphBuilder("g");
        builder.AddInput("x", TensorDtype.BFloat16, "rows", 2);
        builder.AddInput("n", TensorDtype.Int32);
        builder.AddWeight("w", Weight.FromFloats(TensorDtype.Float32, [1], [1]));
        builder.AddOutput("x", TensorDtype.BFloat16, "rows", 2);

        var inputs = GraphSignature.Inputs(builder.Graph);

        Assert.Equal([("x", "bfloat16"), ("n", "int32")], inputs.Select(input => (input.Name, input.Dtype)));
        Assert.Equal("rows", inputs[0].Shape[0].GetString());
        Assert.Equal(2, inputs[0].Shape[1].GetInt64());
        Assert.Empty(inputs[1].Shape);
        Assert.Equal("x", Assert.Single(GraphSignature.Outputs(builder.Graph)).Name);
    }

    public void Dispose() => _folder.Dispose();

    private static string Describe(TensorProto tensor, string key) =>
        tensor.ExternalData.Single(entry => entry.Key == key).Value.ToString(CultureInfo.InvariantCulture);

    private ModelProto Read() => ModelProto.Parser.ParseFrom(File.ReadAllBytes(_folder.At("g.onnx")));
}
