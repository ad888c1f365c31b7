using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>What nodes read: their inputs, and what the graphs inside them take from around them.</summary>
internal static class OuterReads
{
    /// <summary>Names that a node reads, each once.</summary>
    public static IEnumerable<string> Of(NodeProto node) => node.Input.Where(name => name.Length > 0)
        .Concat(Subgraphs(node).SelectMany(Captured))
        .Distinct(StringComparer.Ordinal);

    /// <summary>The graphs that a node holds as attributes.</summary>
    public static IEnumerable<GraphProto> Subgraphs(NodeProto node) => node.Attribute
        .SelectMany(attribute => attribute.Graphs.Append(attribute.G)).OfType<GraphProto>();

    private static IEnumerable<string> Captured(GraphProto graph)
    {
        var own = graph.Input.Select(input => input.Name)
            .Concat(graph.Initializer.Select(tensor => tensor.Name))
            .Concat(graph.Node.SelectMany(node => node.Output))
            .ToHashSet(StringComparer.Ordinal);
        return graph.Node.SelectMany(Of).Concat(graph.Output.Select(output => output.Name))
            .Where(name => !own.Contains(name));
    }
}
