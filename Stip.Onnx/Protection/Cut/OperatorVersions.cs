using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Tells whether a node of the standard domain means the same under a later version of it. Most versions only
/// add element types, attributes and inputs, so that what was written before is read as before.</summary>
internal static class OperatorVersions
{
    // Before, operands were stretched by attributes of their own.
    private const long FirstKnown = 7;

    private static readonly Dictionary<string, (long Version, Func<NodeProto, bool> Applies)[]> Changes =
        new(StringComparer.Ordinal)
        {
            ["Scan"] = [(9, Always)],
            ["Upsample"] = [(9, Always), (10, Always)],
            ["BatchNormalization"] = [(9, Has("spatial")), (14, node => node.Output.Count > 1)],
            ["Slice"] = [(10, Has("starts"))],
            ["TopK"] = [(10, Has("k"))],
            ["Clip"] = [(11, Has("min")), (11, Has("max"))],
            ["ConvTranspose"] = [(11, Has("auto_pad"))],
            ["OneHot"] = [(11, Always)],
            ["Pad"] = [(11, Has("pads")), (11, Has("value"))],
            ["Resize"] = [(11, Always)],
            ["Scatter"] = [(11, Always)],
            ["Dropout"] = [(12, Has("ratio"))],
            ["Softmax"] = [(13, IsNotLast)],
            ["LogSoftmax"] = [(13, IsNotLast)],
            ["Hardmax"] = [(13, IsNotLast)],
            ["ReduceSum"] = [(13, Has("axes"))],
            ["Squeeze"] = [(13, Has("axes"))],
            ["Unsqueeze"] = [(13, Has("axes"))],
            ["Split"] = [(13, Has("split")), (18, IsEvenSplit)],
            ["RoiAlign"] = [(16, Always)],
            ["ReduceL1"] = [(18, Has("axes"))],
            ["ReduceL2"] = [(18, Has("axes"))],
            ["ReduceLogSum"] = [(18, Has("axes"))],
            ["ReduceLogSumExp"] = [(18, Has("axes"))],
            ["ReduceMax"] = [(18, Has("axes"))],
            ["ReduceMean"] = [(18, Has("axes"))],
            ["ReduceMin"] = [(18, Has("axes"))],
            ["ReduceProd"] = [(18, Has("axes"))],
            ["ReduceSumSquare"] = [(18, Has("axes"))],
            ["AveragePool"] = [(19, Has("ceil_mode"))],
            ["DFT"] = [(20, Always)],
            ["GridSample"] = [(20, Always)],
            ["GroupNormalization"] = [(21, Always)],
            ["Attention"] = [(24, Has("is_causal"))],
        };

    /// <summary>The first of some nodes, or of those in graphs that they hold, that means something else under another
    /// version; null where all mean the same.</summary>
    /// <param name="nodes">Nodes; those of other domains are passed over.</param>
    /// <param name="from">The version that they were written for.</param>
    /// <param name="to">A later one.</param>
    public static NodeProto? FirstChanged(IEnumerable<NodeProto> nodes, long from, long to)
    {
        foreach (var node in nodes)
        {
            if (node.Domain is "" or "ai.onnx" && (from < FirstKnown || IsChanged(node, from, to)))
            {
                return node;
            }

            if (FirstChanged(OuterReads.Subgraphs(node).SelectMany(graph => graph.Node), from, to) is { } inner)
            {
                return inner;
            }
        }

        return null;
    }

    private static bool IsChanged(NodeProto node, long from, long to) =>
        Changes.TryGetValue(node.OpType, out var changes) && Array.Exists(
            changes, change => from < change.Version && change.Version <= to && change.Applies(node));

    private static bool Always(NodeProto node) => true;

    private static Func<NodeProto, bool> Has(string attribute) =>
        node => node.Attribute.Any(given => given.Name == attribute);

    // An empty name is an input that is not there.
    private static bool IsEvenSplit(NodeProto node) =>
        node.Input.Count(input => input.Length > 0) == 1 && !Has("num_outputs")(node);

    // Along the last axis both forms are one.
    private static bool IsNotLast(NodeProto node) =>
        !node.Attribute.Any(attribute => attribute is { Name: "axis", I: -1, RefAttrName: "" });
}
