using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.Onnx.Execution;
using Stip.Onnx.Model;
using Stip.Protocol.Tensors;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>Graphs in bfloat16, which no CPU kernel computes in, written in float32: the weights stay in their files
/// and are widened where they are read, nothing in between is rounded.</summary>
internal static class WideTypes
{
    private const int Narrow = (int)DataType.Bfloat16;
    private const int Wide = (int)DataType.Float;
    private const string Suffix = "/bfloat16";

    // Fields that name the type of what a node gives or computes in.
    private static readonly string[] Fields = ["to", "dtype", "output_dtype", "stash_type"];

    // What only moves numbers about runs in any type.
    private static readonly string[] Movers =
    [
        "Identity", "Reshape", "Transpose", "Gather", "Unsqueeze", "Squeeze", "Slice", "Concat", "Expand", "Flatten",
        "Split", "Tile", "Pad",
    ];

    // What gives another type, or no such numbers.
    private static readonly string[] Ends = ["Cast", "CastLike", "Shape", "Size"];

    /// <summary>True where a CPU cannot run a graph as it is: it computes with numbers in bfloat16.</summary>
    public static bool AreNeeded(GraphProto graph) => Computes(graph, []);

    /// <summary>A runner of a graph that no file holds, in types that a CPU computes in.</summary>
    public static GraphRunner Open(ModelProto model, string folder)
    {
        if (AreNeeded(model.Graph))
        {
            model = new ModelProto(model);
            Write(model);
        }

        return new GraphRunner(model, folder);
    }

    /// <summary>The same of a file; its external data lies beside it.</summary>
    public static GraphRunner Open(string path)
    {
        ModelProto? wide = null;
        using (var file = ModelFile.Load(path))
        {
            if (AreNeeded(file.Graph))
            {
                wide = file.Model;
            }
        }

        if (wide is null)
        {
            return new GraphRunner(path);
        }

        Write(wide);
        return new GraphRunner(wide, Path.GetDirectoryName(Path.GetFullPath(path)) ?? "");
    }

    /// <summary>Rewrites a graph; all names stay. What it shares with another graph is left as it is there.</summary>
    public static void Write(ModelProto model)
    {
        if (!Has(model.Graph) && !model.Functions.Any(function => function.Node.Any(Has)))
        {
            return;
        }

        Widen(model.Graph);
        var functions = model.Functions.Select(function =>
        {
            var copy = new FunctionProto(function);
            copy.Node.Clear();
            copy.Node.Add(function.Node.Select(Widened));
            return copy;
        }).ToList();
        model.Functions.Clear();
        model.Functions.Add(functions);
    }

    private static void Widen(GraphProto graph)
    {
        var nodes = graph.Node.Select(Widened).ToList();
        var narrow = graph.Initializer.Where(tensor => tensor.DataType == Narrow).ToList();
        var initializers = graph.Initializer.Select(tensor => tensor.DataType == Narrow
            ? new TensorProto(tensor) { Name = tensor.Name + Suffix }
            : tensor).ToList();
        graph.Initializer.Clear();
        graph.Initializer.Add(initializers);
        graph.Node.Clear();
        graph.Node.Add(narrow.Select(tensor => new NodeProto
        {
            Name = tensor.Name,
            OpType = "Cast",
            Input = { tensor.Name + Suffix },
            Output = { tensor.Name },
            Attribute = { NodeAttribute.Int("to", Wide) },
        }));
        graph.Node.Add(nodes);
        Replace(graph.Input);
        Replace(graph.Output);
        Replace(graph.ValueInfo);
    }

    private static void Replace(Google.Protobuf.Collections.RepeatedField<ValueInfoProto> values)
    {
        for (var i = 0; i < values.Count; i++)
        {
            if (IsNarrow(values[i]))
            {
                values[i] = new ValueInfoProto(values[i]);
                values[i].Type.TensorType.ElemType = Wide;
            }
        }
    }

    private static NodeProto Widened(NodeProto node)
    {
        if (!Has(node))
        {
            return node;
        }

        var copy = new NodeProto(node);
        foreach (var attribute in copy.Attribute)
        {
            if (IsType(attribute))
            {
                attribute.I = Wide;
            }

            if (attribute.T?.DataType == Narrow)
            {
                attribute.T = Widened(attribute.T);
            }

            foreach (var graph in Inner(attribute))
            {
                Widen(graph);
            }
        }

        return copy;
    }

    // Two bytes a number, or a number of 32 bits for each.
    private static TensorProto Widened(TensorProto tensor)
    {
        byte[] narrow = tensor.RawData.Length > 0 ? tensor.RawData.ToByteArray()
            : MemoryMarshal.AsBytes<ushort>([.. tensor.Int32Data.Select(value => (ushort)value)]).ToArray();
        var values = new float[narrow.Length / sizeof(ushort)];
        TensorConversion.ToFloat32(TensorDtype.BFloat16, narrow, values);
        return new TensorProto
        {
            Name = tensor.Name,
            DataType = Wide,
            Dims = { tensor.Dims },
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())),
        };
    }

    private static bool Has(GraphProto graph) => graph.Initializer.Any(tensor => tensor.DataType == Narrow)
        || graph.Input.Concat(graph.Output).Concat(graph.ValueInfo).Any(IsNarrow) || graph.Node.Any(Has);

    private static bool Has(NodeProto node) => node.Attribute.Any(attribute =>
        IsType(attribute) || attribute.T?.DataType == Narrow || Inner(attribute).Any(Has));

    private static bool IsType(AttributeProto attribute) => attribute.I == Narrow && Fields.Contains(attribute.Name);

    private static bool IsNarrow(ValueInfoProto value) => value.Type?.TensorType?.ElemType == Narrow;

    private static IEnumerable<GraphProto> Inner(AttributeProto attribute) =>
        attribute.G is { } graph ? attribute.Graphs.Prepend(graph) : attribute.Graphs;

    private static bool Computes(GraphProto graph, HashSet<string> outer)
    {
        var narrow = outer.Concat(graph.Initializer.Where(tensor => tensor.DataType == Narrow).Select(t => t.Name))
            .Concat(graph.Input.Where(IsNarrow).Select(input => input.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            var isRead = node.Input.Any(narrow.Contains);
            var isMade = node.Attribute.Any(attribute => IsType(attribute) || attribute.T?.DataType == Narrow);
            if ((isRead && !Movers.Contains(node.OpType) && !Ends.Contains(node.OpType))
                || node.Attribute.SelectMany(Inner).Any(inner => Computes(inner, narrow)))
            {
                return true;
            }

            if (isMade || (isRead && Movers.Contains(node.OpType)))
            {
                narrow.UnionWith(node.Output);
            }
        }

        return false;
    }
}
