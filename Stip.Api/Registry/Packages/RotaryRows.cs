using System.Text;
using Kind = Stip.Api.Registry.Packages.OnnxFields.Kind;

namespace Stip.Api.Registry.Packages;

/// <summary>How many positions the rotary tables of a graph have: a session that went beyond them would fail in the
/// runtime.</summary>
internal sealed class RotaryRows
{
    private readonly HashSet<string> _tables = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong> _rows = new(StringComparer.Ordinal);

    /// <summary>Rows of the shortest table; null where the graph has none, or computes them.</summary>
    /// <param name="file">The whole ONNX file.</param>
    /// <exception cref="InvalidDataException">Not the bytes of a model.</exception>
    public static ulong? Shortest(ReadOnlySpan<byte> file)
    {
        var found = new RotaryRows();
        var model = new ProtobufReader(file);
        while (model.Next())
        {
            if (OnnxFields.Child(Kind.Model, model.Field) == Kind.Graph)
            {
                found.ReadGraph(model.Payload);
            }
        }

        return found._rows.Where(table => found._tables.Contains(table.Key))
            .Select(table => (ulong?)table.Value).Min();
    }

    // Branches are left out: a table of a branch need not hold every position.
    private void ReadGraph(ReadOnlySpan<byte> graph)
    {
        var reader = new ProtobufReader(graph);
        while (reader.Next())
        {
            switch (OnnxFields.Child(Kind.Graph, reader.Field))
            {
                case Kind.Node:
                    ReadNode(reader.Payload);
                    break;
                case Kind.Tensor:
                    ReadTensor(reader.Payload, null);
                    break;
            }
        }
    }

    private void ReadNode(ReadOnlySpan<byte> node)
    {
        var (type, domain) = ("", "");
        List<string> inputs = [];
        var output = "";
        ReadOnlySpan<byte> held = default;
        var reader = new ProtobufReader(node);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case OnnxFields.NodeInput:
                    inputs.Add(Encoding.UTF8.GetString(reader.Payload));
                    break;
                case OnnxFields.NodeOutput:
                    output = Encoding.UTF8.GetString(reader.Payload);
                    break;
                case OnnxFields.NodeAttribute:
                    held = TensorOf(reader.Payload) is { IsEmpty: false } tensor ? tensor : held;
                    break;
                case OnnxFields.NodeOpType:
                    type = Encoding.UTF8.GetString(reader.Payload);
                    break;
                case OnnxFields.NodeDomain:
                    domain = Encoding.UTF8.GetString(reader.Payload);
                    break;
            }
        }

        int? cosines = (domain, type) switch
        {
            ("com.microsoft", "GroupQueryAttention") => 7,
            ("com.microsoft", "RotaryEmbedding") => 2,
            (_, "RotaryEmbedding") => 1,
            _ => null,
        };
        if (cosines is { } place)
        {
            // The sines stand behind them.
            _tables.UnionWith(inputs.Skip(place).Take(2));
        }
        else if (type == "Constant")
        {
            // Some exporters hold weights so.
            ReadTensor(held, output);
        }
    }

    // Nothing where the attribute is another kind of value.
    private static ReadOnlySpan<byte> TensorOf(ReadOnlySpan<byte> attribute)
    {
        var reader = new ProtobufReader(attribute);
        while (reader.Next())
        {
            if (reader.Field == OnnxFields.AttributeTensor)
            {
                return reader.Payload;
            }
        }

        return default;
    }

    private void ReadTensor(ReadOnlySpan<byte> tensor, string? knownAs)
    {
        var name = "";
        List<ulong> dims = [];
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
                dims.AddRange(reader.Payload.IsEmpty ? [reader.Number] : ProtobufReader.Packed(reader.Payload));
            }
        }

        if (dims.Count == 2)
        {
            _rows[knownAs ?? name] = dims[0];
        }
    }
}
