using System.Globalization;
using System.Runtime.InteropServices;
using Google.Protobuf;
using Stip.Onnx.Model;
using DataType = Stip.Onnx.Model.TensorProto.Types.DataType;

namespace Stip.Onnx.Protection.Blocks;

/// <summary>
/// Products with large float16 matrices, written out tile by tile of the matrix's rows. A CPU computes them in float32,
/// and widens the whole matrix for it; so it widens one tile at a time, and sums what the tiles give in float32 too.
/// </summary>
internal static class TiledProducts
{
    /// <summary>Most elements of a tile: 64 MiB in float32.</summary>
    public const long MostElements = 1L << 24;

    // Of operators since then, Split takes its sizes as an input.
    private const long LeastOpset = 13;

    /// <summary>Rewrites the products of a graph; other nodes and all names stay.</summary>
    /// <param name="model">A graph with its matrices in files beside it.</param>
    /// <param name="mostElements">Most elements of a tile.</param>
    public static void Write(ModelProto model, long mostElements = MostElements)
    {
        if (model.OpsetImport.Any(opset => opset.Domain is "" or "ai.onnx" && opset.Version < LeastOpset))
        {
            return;
        }

        var graph = model.Graph;
        var matrices = graph.Initializer.Where(tensor => IsLarge(tensor, mostElements))
            .ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        var nodes = new List<NodeProto>();
        var tiled = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            if (node is { OpType: "MatMul", Domain: "" or "ai.onnx" } && matrices.GetValueOrDefault(node.Input[1]) is
                { } matrix)
            {
                var isNew = tiled.Add(matrix.Name);
                nodes.AddRange(Product(node, graph, Tiles(matrix, mostElements), isNew));
            }
            else
            {
                nodes.Add(node);
            }
        }

        graph.Node.Clear();
        graph.Node.Add(nodes);
    }

    private static bool IsLarge(TensorProto tensor, long mostElements) =>
        tensor is { DataType: (int)DataType.Float16, Dims.Count: 2 }
        && tensor.DataLocation == TensorProto.Types.DataLocation.External
        && tensor.Dims[0] > 1 && tensor.Dims[0] * tensor.Dims[1] > mostElements;

    private static List<TensorProto> Tiles(TensorProto matrix, long mostElements)
    {
        var (rows, columns) = (matrix.Dims[0], matrix.Dims[1]);
        var most = Math.Max(1, mostElements / columns);
        var fields = matrix.ExternalData.ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
        var start = fields.TryGetValue("offset", out var text) ? long.Parse(text, CultureInfo.InvariantCulture) : 0;
        var tiles = new List<TensorProto>();
        for (var row = 0L; row < rows; row += most)
        {
            var count = Math.Min(most, rows - row);
            var tile = new TensorProto { Name = $"{matrix.Name}/rows_{row}", DataType = matrix.DataType };
            tile.Dims.Add([count, columns]);
            ExternalDataWriter.Point(
                tile, fields["location"], start + (row * columns * sizeof(short)), count * columns * sizeof(short));
            tiles.Add(tile);
        }

        return tiles;
    }

    private static IEnumerable<NodeProto> Product(
        NodeProto node, GraphProto graph, List<TensorProto> tiles, bool isNew)
    {
        var name = $"{node.Output[0]}/tiles";
        var sizes = Integers($"{name}/sizes", [.. tiles.Select(tile => tile.Dims[0])]);
        graph.Initializer.Add(sizes);
        if (isNew)
        {
            graph.Initializer.Add(tiles);
        }

        yield return Node("Cast", [node.Input[0]], [$"{name}/wide"], NodeAttribute.Int("to", (int)DataType.Float));
        string[] parts = [.. tiles.Select((_, number) => $"{name}/part_{number}")];
        yield return Node("Split", [$"{name}/wide", sizes.Name], parts, NodeAttribute.Int("axis", -1));
        var sum = "";
        foreach (var (number, tile) in tiles.Index())
        {
            var (rows, product) = ($"{name}/rows_{number}", $"{name}/product_{number}");
            yield return Node("Cast", [tile.Name], [rows], NodeAttribute.Int("to", (int)DataType.Float));
            yield return Node("MatMul", [parts[number], rows], [product]);
            if (number > 0)
            {
                yield return Node("Add", [sum, product], [$"{name}/sum_{number}"]);
            }

            sum = number == 0 ? product : $"{name}/sum_{number}";
        }

        yield return Node("Cast", [sum], [node.Output[0]], NodeAttribute.Int("to", (int)DataType.Float16));
    }

    private static TensorProto Integers(string name, long[] values)
    {
        var tensor = new TensorProto
        {
            Name = name,
            DataType = (int)DataType.Int64,
            RawData = ByteString.CopyFrom(MemoryMarshal.AsBytes(values.AsSpan())),
        };
        tensor.Dims.Add(values.Length);
        return tensor;
    }

    private static NodeProto Node(
        string operation, string[] inputs, string[] outputs, params ReadOnlySpan<AttributeProto> attributes)
    {
        var node = new NodeProto { OpType = operation, Name = outputs[0] };
        node.Input.Add(inputs);
        node.Output.Add(outputs);
        foreach (var attribute in attributes)
        {
            node.Attribute.Add(attribute);
        }

        return node;
    }
}
