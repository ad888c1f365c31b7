using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Tells which outputs rank numbers that are often equal: clipped, rounded, filtered ones. Of equal numbers the one at
/// the lower place is taken, which is another one where they stand in another order.
/// </summary>
internal sealed class RankedTies
{
    private static readonly HashSet<string> Moves = new(StringComparer.Ordinal)
    {
        "Identity", "Cast", "CastLike", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Slice", "Split",
        "Concat", "Expand", "Tile", "Gather", "GatherElements",
    };

    // Equal numbers stay equal, or the larger one of two stays so.
    private static readonly HashSet<string> Keeps = new(StringComparer.Ordinal)
    {
        "Add", "Sub", "Mul", "Div", "Neg", "Softmax", "LogSoftmax", "Sigmoid", "Tanh", "Exp", "Log", "Abs",
    };

    private static readonly HashSet<string> Levels = new(StringComparer.Ordinal)
    {
        "Relu", "ThresholdedRelu", "HardSigmoid", "HardSwish", "Clip", "Min", "Max", "Sign", "Round", "Floor", "Ceil",
        "QuantizeLinear", "DequantizeLinear", "OneHot", "Equal", "Less", "Greater",
    };

    private readonly Dictionary<string, NodeProto> _makers = new(StringComparer.Ordinal);

    /// <param name="graph">The whole graph.</param>
    public RankedTies(GraphProto graph)
    {
        foreach (var node in graph.Node)
        {
            foreach (var output in node.Output)
            {
                _makers[output] = node;
            }
        }
    }

    /// <summary>True where the numbers that a place is taken among are likely to have equals.</summary>
    /// <param name="output">An output of places.</param>
    public bool AreLikely(string output) => Behind(output, Moves.Contains).Any(node =>
        node.OpType is "TopK" or "ArgMax" or "ArgMin" && Behind(
            node.Input[0], operation => Moves.Contains(operation) || Keeps.Contains(operation))
            .Any(made => Levels.Contains(made.OpType) || made.OpType.StartsWith("QLinear", StringComparison.Ordinal)

                // Of what a filter takes out, all is equal: the largest is not among it, the tenth may be.
                || (made.OpType == "Where" && node.OpType == "TopK")));

    // Makers of a value, back to the first ones that are none of these.
    private IEnumerable<NodeProto> Behind(string name, Func<string, bool> goesOn)
    {
        var (seen, queue) = (new HashSet<string>(StringComparer.Ordinal), new Queue<string>([name]));
        while (queue.TryDequeue(out var value))
        {
            if (seen.Add(value) && _makers.TryGetValue(value, out var node))
            {
                yield return node;
                foreach (var read in goesOn(node.OpType) ? node.Input : [])
                {
                    queue.Enqueue(read);
                }
            }
        }
    }
}
