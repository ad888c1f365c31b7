using System.Text;
using Stip.Api.Engine;
using Stip.Api.Engine.Forward;
using Kind = Stip.Api.Registry.Packages.OnnxFields.Kind;

namespace Stip.Api.Registry.Packages;

/// <summary>
/// Walks the protobuf bytes of an ONNX file for what could reach out of a package: external data and nodes that
/// load files. It reads no more of the format than that, so that the server needs no model of ONNX.
/// </summary>
internal sealed class OnnxReferences
{
    private const int MaxDepth = 64;
    private readonly HashSet<string> _locations = new(StringComparer.Ordinal);
    private readonly HashSet<string> _operators = new(StringComparer.Ordinal);

    /// <summary>Files that tensors take their bytes from.</summary>
    public IReadOnlySet<string> Locations => _locations;

    /// <summary>Operator types of all nodes.</summary>
    public IReadOnlySet<string> Operators => _operators;

    /// <summary>True where a tensor of the graph is of half precision.</summary>
    public bool HasNarrowTensors { get; private set; }

    /// <summary>How a row's result depends on those beside it.</summary>
    public static RowsBeside RowsOf(string path)
    {
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        var operators = Read(file).Operators;
        return AreMixed(operators) ? RowsBeside.Mixed
            : operators.Contains("MoE") || operators.Contains("QMoE") || PickedRows.AreIn(file)
                ? RowsBeside.RoundedTogether
            : RowsBeside.Apart;
    }

    /// <summary>What is said of rows that run together in a graph without a cache.</summary>
    public static GraphRows ForwardRowsOf(string path)
    {
        var references = Read(File.ReadAllBytes(path));
        return new GraphRows(AreMixed(references.Operators), references.HasNarrowTensors);
    }

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="InvalidDataException">Not the bytes of a model.</exception>
    public static OnnxReferences Read(ReadOnlySpan<byte> file)
    {
        var references = new OnnxReferences();
        references.Walk(file, Kind.Model, 0);
        return references;
    }

    private static bool AreMixed(IReadOnlySet<string> operators) =>
        operators.Any(type => type.StartsWith("DynamicQuantize", StringComparison.Ordinal));

    private void Walk(ReadOnlySpan<byte> message, Kind kind, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new InvalidDataException($"the graph is nested deeper than {MaxDepth}");
        }

        var reader = new ProtobufReader(message);
        while (reader.Next())
        {
            if (kind == Kind.Node && reader.Field == OnnxFields.NodeOpType)
            {
                _operators.Add(Encoding.UTF8.GetString(reader.Payload));
            }
            else if (kind == Kind.Tensor && reader.Field == OnnxFields.TensorType)
            {
                HasNarrowTensors |= reader.Number is OnnxFields.Float16 or OnnxFields.BFloat16;
            }
            else if (OnnxFields.Child(kind, reader.Field) is Kind.Entry)
            {
                AddEntry(reader.Payload);
            }
            else if (OnnxFields.Child(kind, reader.Field) is { } child)
            {
                Walk(reader.Payload, child, depth + 1);
            }
        }
    }

    private void AddEntry(ReadOnlySpan<byte> entry)
    {
        var (key, value) = ("", "");
        var reader = new ProtobufReader(entry);
        while (reader.Next())
        {
            key = reader.Field == OnnxFields.EntryKey ? Encoding.UTF8.GetString(reader.Payload) : key;
            value = reader.Field == OnnxFields.EntryValue ? Encoding.UTF8.GetString(reader.Payload) : value;
        }

        if (key == "location")
        {
            _locations.Add(value);
        }
    }
}
