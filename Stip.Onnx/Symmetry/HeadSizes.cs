using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>Head sizes of caches whose last axis a graph leaves free, read off the attention that they enter.</summary>
internal static class HeadSizes
{
    /// <summary>By name of the cache input.</summary>
    public static Dictionary<string, int> Find(GraphProto graph)
    {
        var widths = graph.Initializer.Where(tensor => tensor.Dims.Count > 0)
            .ToDictionary(tensor => tensor.Name, tensor => (int)tensor.Dims[^1], StringComparer.Ordinal);
        var producers = graph.Node.SelectMany(node => node.Output.Select(output => (output, node)))
            .Where(entry => entry.output.Length > 0)
            .ToDictionary(entry => entry.output, entry => entry.node, StringComparer.Ordinal);
        var sizes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.OpType == "GroupQueryAttention" && node.Input.Count > 4))
        {
            var heads = Attribute(node, "num_heads");
            var lanes = node.Input[1].Length == 0 ? heads + (2 * Attribute(node, "kv_num_heads")) : heads;
            if (Width(node.Input[0], producers, widths) is { } width && lanes > 0)
            {
                sizes[node.Input[3]] = sizes[node.Input[4]] = width / lanes;
            }
        }

        return sizes;
    }

    private static int Attribute(NodeProto node, string name) =>
        (int)(node.Attribute.FirstOrDefault(attribute => attribute.Name == name)?.I ?? 0);

    // The width of what a projection gives is the last axis of the matrix or bias behind it.
    private static int? Width(string name, Dictionary<string, NodeProto> producers, Dictionary<string, int> widths)
    {
        while (producers.TryGetValue(name, out var node) && node.Input.Count > 0)
        {
            if (node.OpType is "MatMul" or "Add" && node.Input.FirstOrDefault(widths.ContainsKey) is { } weight)
            {
                return widths[weight];
            }

            name = node.Input[0];
        }

        return null;
    }
}
