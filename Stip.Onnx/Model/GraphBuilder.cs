using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.Protocol.Tensors;

namespace Stip.Onnx.Model;

/// <summary>Appends nodes, weights, inputs and outputs to a graph and writes it with its weights as external
/// data.</summary>
internal sealed class GraphBuilder
{
    /// <summary>The domain of ONNX Runtime's own operators.</summary>
    public const string MicrosoftDomain = "com.microsoft";

    // Opset 21 is the newest whose operators every execution provider of ONNX Runtime 1.31 has.
    private const int Opset = 21;
    private const int IrVersion = 10;

    private readonly ModelProto _model;
    private readonly List<(TensorProto Tensor, Weight Weight)> _weights = [];
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);

    public GraphBuilder(string name)
    {
        _model = new ModelProto
        {
            IrVersion = IrVersion,
            ProducerName = "stip",
            Graph = new GraphProto { Name = name },
        };
        _model.OpsetImport.Add(new OperatorSetIdProto { Domain = "", Version = Opset });
        _model.OpsetImport.Add(new OperatorSetIdProto { Domain = MicrosoftDomain, Version = 1 });
    }

    public GraphProto Graph => _model.Graph;

    /// <summary>Bytes of all weights, without what aligns them.</summary>
    public long WeightBytes => _weights.Sum(entry => entry.Weight.ByteLength);

    /// <summary>True where the graph already has a value of this name.</summary>
    public bool Has(string name) => _names.Contains(name);

    public string AddInput(string name, TensorDtype dtype, params ReadOnlySpan<Axis> shape)
    {
        Graph.Input.Add(Describe(Claim(name), dtype, shape));
        return name;
    }

    /// <summary>Declares a value that some node makes as an output of the graph.</summary>
    public void AddOutput(string name, TensorDtype dtype, params ReadOnlySpan<Axis> shape) =>
        Graph.Output.Add(Describe(name, dtype, shape));

    /// <summary>Says of which shape a value is, where what is cut there must know.</summary>
    public void AddShape(string name, TensorDtype dtype, params ReadOnlySpan<Axis> shape) =>
        Graph.ValueInfo.Add(Describe(name, dtype, shape));

    public string AddWeight(string name, Weight weight)
    {
        var tensor = new TensorProto { Name = Claim(name), DataType = (int)weight.Dtype.ToOnnx() };
        tensor.Dims.Add(weight.Shape);
        Graph.Initializer.Add(tensor);
        _weights.Add((tensor, weight));
        return name;
    }

    /// <summary>A small integer tensor that belongs to the structure (shapes, sizes): stored inside the
    /// graph.</summary>
    public string AddConstant(string name, params ReadOnlySpan<long> values)
    {
        var tensor = new TensorProto
        {
            Name = Claim(name),
            DataType = (int)TensorProto.Types.DataType.Int64,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values)),
        };
        tensor.Dims.Add(values.Length);
        Graph.Initializer.Add(tensor);
        return name;
    }

    /// <summary>The same for a tensor that several nodes read: made where it is asked for first.</summary>
    public string Shared(string name, params ReadOnlySpan<long> values) =>
        Has(name) ? name : AddConstant(name, values);

    /// <summary>A single number of a float type that belongs to the structure: stored inside the graph.</summary>
    public string AddConstant(string name, TensorDtype dtype, double value)
    {
        var bytes = new byte[dtype.ByteSize()];
        TensorConversion.FromFloat32([(float)value], dtype, bytes);
        Graph.Initializer.Add(new TensorProto
        {
            Name = Claim(name),
            DataType = (int)dtype.ToOnnx(),
            RawData = ByteString.CopyFrom(bytes),
        });
        return name;
    }

    /// <summary>A single int64, without axes: an index.</summary>
    public string AddScalarConstant(string name, long value)
    {
        AddConstant(name, value);
        Graph.Initializer[^1].Dims.Clear();
        return name;
    }

    /// <summary>Appends a standard operator with one output.</summary>
    /// <returns>Name of the output.</returns>
    public string Add(
        string operation, string name, IReadOnlyList<string> inputs, params ReadOnlySpan<AttributeProto> attributes) =>
        Append("", operation, name, inputs, [$"{name}/output"], attributes)[0];

    /// <summary>Appends one of ONNX Runtime's own operators with the outputs named; what is left out has an empty
    /// name.</summary>
    /// <returns>Names of the outputs.</returns>
    public IReadOnlyList<string> AddMicrosoft(
        string operation,
        string name,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string> outputs,
        params ReadOnlySpan<AttributeProto> attributes) =>
        Append(MicrosoftDomain, operation, name, inputs, outputs, attributes);

    /// <summary>Appends an operator of any domain.</summary>
    public IReadOnlyList<string> Append(
        string domain,
        string operation,
        string name,
        IReadOnlyList<string> inputs,
        IReadOnlyList<string> outputs,
        params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { Domain = domain, OpType = operation, Name = name };
        node.Input.Add(inputs);
        node.Output.Add(outputs.Select(output => output.Length == 0 ? output : Claim(output)));
        foreach (var attribute in attributes)
        {
            node.Attribute.Add(attribute);
        }

        Graph.Node.Add(node);
        return outputs;
    }

    /// <summary>Gives what the last node makes another name.</summary>
    public void Rename(string output, string name)
    {
        var node = Graph.Node[^1];
        node.Output[node.Output.IndexOf(output)] = Claim(name);
        _names.Remove(output);
    }

    /// <summary>Takes back an output that an <c>Identity</c> makes.</summary>
    /// <returns>Name of what it gave out.</returns>
    public string Withdraw(string output)
    {
        var node = Graph.Node.First(node => node.Output.Contains(output));
        Graph.Node.Remove(node);
        Graph.Output.Remove(Graph.Output.First(port => port.Name == output));
        _names.Remove(output);
        return node.Input[0];
    }

    /// <summary>Writes <paramref name="path"/> and, beside it, <c>NAME.data</c> with every weight.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="bytesWritten">Called with the length of the data file after each weight.</param>
    public void Save(string path, Action<long>? bytesWritten = null)
    {
        var location = Path.GetFileName(path) + ".data";
        var dataPath = Path.Combine(Path.GetDirectoryName(path) ?? "", location);
        using (var data = new FileStream(dataPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 20))
        {
            var writer = new ExternalDataWriter(data, location, bytesWritten);
            foreach (var (tensor, weight) in _weights)
            {
                writer.Write(tensor, weight);
            }
        }

        using var stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
        _model.WriteTo(stream);
    }

    private static ValueInfoProto Describe(string name, TensorDtype dtype, ReadOnlySpan<Axis> shape)
    {
        var tensor = new TypeProto.Types.Tensor { ElemType = (int)dtype.ToOnnx(), Shape = new TensorShapeProto() };
        foreach (var axis in shape)
        {
            tensor.Shape.Dim.Add(axis.ToProto());
        }

        return new ValueInfoProto { Name = name, Type = new TypeProto { TensorType = tensor } };
    }

    private string Claim(string name) =>
        _names.Add(name) ? name : throw new ArgumentException($"'{name}' is made twice in the graph");
}
