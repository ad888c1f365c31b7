using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Outputs that say how rows of two computed tensors agree (a text and each patch of a picture): a product of the two,
/// and what is done to its numbers one by one. None of their axes are features.
/// </summary>
internal static class PairScores
{
    private static readonly HashSet<string> Passing =
    [
        "Add", "Sub", "Mul", "Div", "Neg", "Exp", "Pow", "Sqrt", "Where", "Max", "Min", "Clip", "Tanh", "Sigmoid",
        "Softmax", "LogSoftmax", "Cast", "Identity", "Reshape", "Transpose", "Unsqueeze", "Squeeze", "Concat", "Slice",
    ];

    /// <summary>True where such a product leads to an output.</summary>
    public static bool Are(GraphProto graph, string output)
    {
        var makers = new Dictionary<string, NodeProto>(StringComparer.Ordinal);
        var computed = graph.Input.Select(input => input.Name)
            .Except(graph.Initializer.Select(tensor => tensor.Name)).ToHashSet(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            var isComputed = node.OpType is not ("Shape" or "Size") && node.Input.Any(computed.Contains);
            foreach (var made in node.Output)
            {
                makers[made] = node;
                _ = isComputed && computed.Add(made);
            }
        }

        var (seen, left) = (new HashSet<string>(StringComparer.Ordinal), new Stack<string>([output]));
        while (left.TryPop(out var name))
        {
            if (!seen.Add(name) || !makers.TryGetValue(name, out var node))
            {
                continue;
            }

            if (node is { OpType: "MatMul" or "Gemm" or "Einsum" or "FusedMatMul", Input.Count: > 1 }
                && node.Input.Take(2).All(computed.Contains))
            {
                return true;
            }

            foreach (var input in Passing.Contains(node.OpType) ? node.Input : [])
            {
                left.Push(input);
            }
        }

        return false;
    }
}
