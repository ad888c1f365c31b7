using System.Text;
using Kind = Stip.Api.Registry.Packages.OnnxFields.Kind;

namespace Stip.Api.Registry.Packages;

/// <summary>The nodes of a graph or function, its inputs and its tensors: all that the server reads of an ONNX file
/// beside its references.</summary>
/// <param name="Inputs">Names, and whether each is of floats; those of functions are, for nobody says.</param>
/// <param name="Nodes">In their order.</param>
/// <param name="Outputs">Names; none of functions.</param>
/// <param name="Tensors">Names and lengths of those that it holds; none of functions.</param>
internal sealed record GraphOutline(
    IReadOnlyList<(string Name, bool AreFloats)> Inputs,
    IReadOnlyList<NodeOutline> Nodes,
    IReadOnlyList<string> Outputs,
    IReadOnlyList<(string Name, IReadOnlyList<ulong> Lengths)> Tensors)
{
    /// <summary>Reads the graph of a file, and its functions by domain and name.</summary>
    /// <param name="file">The whole file, whose depth is judged (<see cref="OnnxReferences.Read"/>).</param>
    /// <exception cref="InvalidDataException">Not the bytes of a model.</exception>
    public static (GraphOutline Graph, Dictionary<(string Domain, string Name), GraphOutline> Functions) Read(
        ReadOnlySpan<byte> file)
    {
        var (graph, functions) = (
            new GraphOutline([], [], [], []), new Dictionary<(string Domain, string Name), GraphOutline>());
        var model = new ProtobufReader(file);
        while (model.Next())
        {
            switch (OnnxFields.Child(Kind.Model, model.Field))
            {
                case Kind.Graph:
                    graph = Graph(model.Payload);
                    break;
                case Kind.Function:
                    var (name, function) = Function(model.Payload);
                    functions[name] = function;
                    break;
            }
        }

        return (graph, functions);
    }

    private static GraphOutline Graph(ReadOnlySpan<byte> graph)
    {
        var (inputs, nodes, outputs) = (new List<(string, bool)>(), new List<NodeOutline>(), new List<string>());
        var tensors = new List<(string, IReadOnlyList<ulong>)>();
        var reader = new ProtobufReader(graph);
        while (reader.Next())
        {
            if (reader.Field == OnnxFields.GraphInput)
            {
                inputs.Add(Value(reader.Payload));
            }
            else if (reader.Field == OnnxFields.GraphOutput)
            {
                outputs.Add(Value(reader.Payload).Name);
            }
            else if (OnnxFields.Child(Kind.Graph, reader.Field) == Kind.Node)
            {
                nodes.Add(Node(reader.Payload));
            }
            else if (OnnxFields.Child(Kind.Graph, reader.Field) == Kind.Tensor)
            {
                tensors.Add(Tensor(reader.Payload));
            }
        }

        return new GraphOutline(inputs, nodes, outputs, tensors);
    }

    private static ((string Domain, string Name) Name, GraphOutline Body) Function(ReadOnlySpan<byte> function)
    {
        var (domain, name) = ("", "");
        var (inputs, nodes) = (new List<(string, bool)>(), new List<NodeOutline>());
        var reader = new ProtobufReader(function);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case OnnxFields.FunctionName:
                    name = Encoding.UTF8.GetString(reader.Payload);
                    break;
                case OnnxFields.FunctionDomain:
                    domain = Encoding.UTF8.GetString(reader.Payload);
                    break;
                case OnnxFields.FunctionInput:
                    inputs.Add((Encoding.UTF8.GetString(reader.Payload), true));
                    break;
                case var field when OnnxFields.Child(Kind.Function, field) == Kind.Node:
                    nodes.Add(Node(reader.Payload));
                    break;
            }
        }

        return ((domain, name), new GraphOutline(inputs, nodes, [], []));
    }

    private static NodeOutline Node(ReadOnlySpan<byte> node)
    {
        var (domain, type) = ("", "");
        List<string> inputs = [], outputs = [];
        List<AttributeOutline> attributes = [];
        var reader = new ProtobufReader(node);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case OnnxFields.NodeInput:
                    inputs.Add(Encoding.UTF8.GetString(reader.Payload));
                    break;
                case OnnxFields.NodeOutput:
                    outputs.Add(Encoding.UTF8.GetString(reader.Payload));
                    break;
                case OnnxFields.NodeOpType:
                    type = Encoding.UTF8.GetString(reader.Payload);
                    break;
                case OnnxFields.NodeDomain:
                    domain = Encoding.UTF8.GetString(reader.Payload);
                    break;
                case OnnxFields.NodeAttribute:
                    attributes.Add(Attribute(reader.Payload));
                    break;
            }
        }

        return new NodeOutline(domain == "ai.onnx" ? "" : domain, type, inputs, outputs, attributes);
    }

    private static AttributeOutline Attribute(ReadOnlySpan<byte> attribute)
    {
        var (name, integer) = ("", 0UL);
        IReadOnlyList<ulong>? tensor = null;
        List<GraphOutline> bodies = [];
        var reader = new ProtobufReader(attribute);
        while (reader.Next())
        {
            if (reader.Field == OnnxFields.AttributeName)
            {
                name = Encoding.UTF8.GetString(reader.Payload);
            }
            else if (reader.Field == OnnxFields.AttributeInteger)
            {
                integer = reader.Number;
            }
            else if (reader.Field == OnnxFields.AttributeTensor)
            {
                tensor = Tensor(reader.Payload).Lengths;
            }
            else if (OnnxFields.Child(Kind.Attribute, reader.Field) == Kind.Graph)
            {
                bodies.Add(Graph(reader.Payload));
            }
        }

        return new AttributeOutline(name, integer, tensor, bodies);
    }

    private static (string Name, IReadOnlyList<ulong> Lengths) Tensor(ReadOnlySpan<byte> tensor)
    {
        var name = "";
        List<ulong> lengths = [];
        var reader = new ProtobufReader(tensor);
        while (reader.Next())
        {
            if (reader.Field == OnnxFields.TensorName)
            {
                name = Encoding.UTF8.GetString(reader.Payload);
            }
            else if (reader.Field == OnnxFields.TensorDims)
            {
                // Packed by one version of the format, one by one by the other.
                lengths.AddRange(reader.Payload.IsEmpty ? [reader.Number] : ProtobufReader.Packed(reader.Payload));
            }
        }

        return (name, lengths);
    }

    private static (string Name, bool AreFloats) Value(ReadOnlySpan<byte> value)
    {
        var (name, areFloats) = ("", false);
        var reader = new ProtobufReader(value);
        while (reader.Next())
        {
            name = reader.Field == OnnxFields.ValueName ? Encoding.UTF8.GetString(reader.Payload) : name;
            areFloats |= reader.Field == OnnxFields.ValueType && AreFloats(reader.Payload);
        }

        return (name, areFloats);
    }

    private static bool AreFloats(ReadOnlySpan<byte> type)
    {
        var reader = new ProtobufReader(type);
        while (reader.Next())
        {
            if (reader.Field == OnnxFields.TypeTensor)
            {
                var tensor = new ProtobufReader(reader.Payload);
                while (tensor.Next())
                {
                    if (tensor.Field == OnnxFields.TensorTypeElement)
                    {
                        return tensor.Number is OnnxFields.Float or OnnxFields.Float16 or OnnxFields.BFloat16;
                    }
                }
            }
        }

        return false;
    }
}
