using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>
/// Norms that add what two layers leave them, taken apart into the sum and the norm: between two layers one value leads
/// on then, and the runtime joins them again where it can.
/// </summary>
internal static class SplitNorms
{
    private const string Skip = "Skip";
    private const string Epsilon = "epsilon";
    private const int SumOutput = 3;

    // What joined norms add where they say nothing; norms of their own add 1e-5.
    private const float JoinedEpsilon = 1e-12f;

    /// <summary>The same graph with such norms taken apart; the graph itself where it has none.</summary>
    public static GraphProto Of(GraphProto graph)
    {
        if (!graph.Node.Any(IsJoined))
        {
            return graph;
        }

        var changed = new GraphProto { Name = graph.Name };
        changed.Initializer.Add(graph.Initializer);
        changed.Input.Add(graph.Input);
        changed.Output.Add(graph.Output);
        changed.ValueInfo.Add(graph.ValueInfo);
        changed.Node.Add(graph.Node.SelectMany(node => IsJoined(node) ? Parts(node) : [node]));
        return changed;
    }

    // Means and variances that somebody reads are the joined norm's own.
    private static bool IsJoined(NodeProto node) =>
        node.Domain == "com.microsoft" && node.OpType is "SkipLayerNormalization" or "SkipSimplifiedLayerNormalization"
        && node.Output.Skip(1).Take(SumOutput - 1).All(output => output.Length == 0);

    private static IEnumerable<NodeProto> Parts(NodeProto node)
    {
        // input, skip, gamma, beta (of norms with a mean), bias
        var weights = node.OpType == "SkipLayerNormalization" ? 2 : 1;
        var sum = node.Output.ElementAtOrDefault(SumOutput) is { Length: > 0 } total ? total : $"{node.Output[0]}.sum";
        var bias = node.Input.ElementAtOrDefault(2 + weights) ?? "";
        var first = bias.Length > 0 ? $"{sum}.first" : sum;
        yield return Add($"{node.Name}.skip", node.Input[0], node.Input[1], first);
        if (bias.Length > 0)
        {
            yield return Add($"{node.Name}.bias", first, bias, sum);
        }

        var norm = new NodeProto { Name = node.Name, OpType = node.OpType[Skip.Length..], Output = { node.Output[0] } };
        norm.Input.Add([sum, .. node.Input.Skip(2).Take(weights).Where(name => name.Length > 0)]);
        norm.Attribute.Add(node.Attribute);
        norm.Attribute.Add(NodeAttribute.Int("axis", -1));
        norm.Attribute.Add(norm.Attribute.Any(attribute => attribute.Name == Epsilon)
            ? []
            : [NodeAttribute.Float(Epsilon, JoinedEpsilon)]);
        yield return norm;
    }

    private static NodeProto Add(string name, string one, string other, string sum) =>
        new() { Name = name, OpType = "Add", Input = { one, other }, Output = { sum } };
}
