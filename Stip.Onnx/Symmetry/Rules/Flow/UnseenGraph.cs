using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Flow;

/// <summary>An inner graph for other lengths than those of the run, which was not followed: a branch that is not taken,
/// a loop without a pass.</summary>
internal static class UnseenGraph
{
    private const string Reason =
        "a branch for other lengths reads or gives it, which cannot be followed at those of the run";

    // They leave every cell where it is, whatever the lengths are.
    private static readonly HashSet<string> Harmless = new(StringComparer.Ordinal)
    {
        "Identity", "Squeeze", "Unsqueeze", "Cast", "Constant",
    };

    /// <summary>Holds what the graph reads from around it, and what stands in for its outputs, unless it leaves every
    /// cell where it is.</summary>
    /// <param name="call">The operator that holds the graph.</param>
    /// <param name="graph">The graph.</param>
    /// <param name="instead">What is taken for its outputs at these lengths.</param>
    public static void Hold(OperatorCall call, GraphProto graph, IEnumerable<Value> instead)
    {
        if (graph.Node.All(node => Harmless.Contains(node.OpType)))
        {
            return;
        }

        var reads = graph.Node.SelectMany(NodeReads.Of).Distinct(StringComparer.Ordinal).Select(call.Outer);
        foreach (var value in reads.Concat(instead))
        {
            UnruledOperator.Hold(call, value, Reason);
        }
    }
}
