using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using Stip.TestKit;

namespace Stip.Onnx.Tests.Symmetry;

/// <summary>A graph of a few nodes with random float32 weights, written for one test.</summary>
internal sealed class SmallGraph : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(5);

    public GraphBuilder Graph { get; } = new("small");

    public string FilePath => _folder.At("model.onnx");

    /// <summary>A weight of random values.</summary>
    public string Weight(string name, params long[] shape)
    {
        var count = shape.Aggregate(1L, (product, length) => product * length);
        float[] values = [.. Enumerable.Range(0, (int)count).Select(_ => _random.NextSingle() - 0.5f)];
        return Graph.AddWeight(name, Onnx.Model.Weight.FromFloats(TensorDtype.Float32, shape, values));
    }

    /// <summary>Opset of the standard domain; 0 for that of the builder.</summary>
    public int Opset { get; set; }

    /// <summary>A weight of random bytes.</summary>
    public string Bytes(string name, params long[] shape)
    {
        var bytes = new byte[shape.Aggregate(1L, (product, length) => product * length)];
        _random.NextBytes(bytes);
        return Graph.AddWeight(name, new Weight(TensorDtype.UInt8, shape, stream => stream.Write(bytes)));
    }

    /// <summary>An input <c>x</c> of 6 features and a projection of it, <c>[batch, seq, width]</c>.</summary>
    public string Hidden(long width, string name = "h")
    {
        if (!Graph.Has("x"))
        {
            Input("x", "batch", "seq", 6);
        }

        return Add("MatMul", name, "x", Weight($"w_{name}", 6, width));
    }

    /// <summary>A projection to an output <c>y</c> of 7 features.</summary>
    public void Finish(string name, long width)
    {
        Add("MatMul", "y", name, Weight("w_y", width, 7));
        Output("y", "batch", "seq", 7);
    }

    /// <summary>A node of ONNX Runtime with one output.</summary>
    public string Microsoft(
        string operation, string output, string[] inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Graph.AddMicrosoft(operation, output + "/node", inputs, [output], attributes)[0];

    /// <summary>A list of integers that belongs to the structure.</summary>
    public string Numbers(params ReadOnlySpan<long> values) =>
        Graph.AddConstant($"numbers_{Graph.Graph.Initializer.Count}", values);

    /// <summary>One number of that type.</summary>
    public string Number(float value) => With(
        "Constant", $"number_{Graph.Graph.Node.Count}", [], NodeAttribute.Float("value_float", value));

    /// <summary>A list of floats in a node of its own, as some exporters write weights.</summary>
    public string Floats(params float[] values)
    {
        var value = new TensorProto { DataType = (int)TensorProto.Types.DataType.Float, Dims = { values.Length } };
        value.FloatData.Add(values);
        return With("Constant", $"floats_{Graph.Graph.Node.Count}", [], new AttributeProto
        {
            Name = "value",
            Type = AttributeProto.Types.AttributeType.Tensor,
            T = value,
        });
    }

    /// <summary>One integer.</summary>
    public string Integer(long value) => With(
        "Constant", $"integer_{Graph.Graph.Node.Count}", [], NodeAttribute.Int("value_int", value));

    /// <summary>A float input <c>[batch, seq, features…]</c>.</summary>
    public string Input(string name, params ReadOnlySpan<Axis> shape) =>
        Graph.AddInput(name, TensorDtype.Float32, shape);

    public void Output(string name, params ReadOnlySpan<Axis> shape) =>
        Graph.AddOutput(name, TensorDtype.Float32, shape);

    /// <summary>A node of the default domain with one output.</summary>
    public string Add(string operation, string output, params string[] inputs) => With(operation, output, inputs);

    /// <summary>A node with attributes.</summary>
    public string With(
        string operation, string output, string[] inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Graph.Append("", operation, output + "/node", inputs, [output], attributes)[0];

    public ModelFile Save()
    {
        Graph.Save(FilePath);
        if (Opset > 0)
        {
            var model = ModelProto.Parser.ParseFrom(File.ReadAllBytes(FilePath));
            model.OpsetImport.Single(import => import.Domain.Length == 0).Version = Opset;
            File.WriteAllBytes(FilePath, Google.Protobuf.MessageExtensions.ToByteArray(model));
        }

        return ModelFile.Load(FilePath);
    }

    public void Dispose() => _folder.Dispose();
}
