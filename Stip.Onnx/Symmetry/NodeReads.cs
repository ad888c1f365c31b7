using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>What a node reads: its inputs, and what inner graphs take from around them.</summary>
internal static class NodeReads
{
    public static IEnumerable<string> Of(NodeProto node) =>
        node.Input.Concat(InnerGraphs(node).SelectMany(Of)).Where(name => name.Length > 0);

    public static IEnumerable<GraphProto> InnerGraphs(NodeProto node) =>
        node.Attribute.SelectMany(attribute => attribute.Graphs.Append(attribute.G)).OfType<GraphProto>();

    // Names that the inner graph makes itself are listed too, which only keeps values a little longer.
    private static IEnumerable<string> Of(GraphProto graph) =>
        graph.Node.SelectMany(Of).Concat(graph.Output.Select(output => output.Name));
}
