using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Caches;

/// <summary>Values whose rows moved up by some places, the first ones behind the last: what a convolution keeps. Where
/// these are written says nothing of how many tokens there may be.</summary>
internal static class RolledRows
{
    /// <param name="graph">The graph; its nodes are in the order in which they run.</param>
    /// <returns>Names of such values, and of what is made of them by moving or writing.</returns>
    public static IReadOnlySet<string> Of(GraphProto graph)
    {
        var cuts = new Dictionary<string, string>(StringComparer.Ordinal);
        var rolled = new HashSet<string>(StringComparer.Ordinal);
        foreach (var node in graph.Node.Where(node => node.Input.Count > 0))
        {
            if (node.OpType is "Slice" or "Split")
            {
                foreach (var output in node.Output)
                {
                    cuts[output] = node.Input[0];
                }
            }

            var isRolled = node.OpType == "Concat" && node.Input.Count > 1 && cuts.ContainsKey(node.Input[0])
                && node.Input.Select(part => cuts.GetValueOrDefault(part)).Distinct().Count() == 1;
            if (isRolled || (rolled.Contains(node.Input[0]) && node.OpType is "Cast" or "Identity" or "Reshape"
                or "Transpose" or "Squeeze" or "Unsqueeze" or "ScatterND" or "ScatterElements"))
            {
                rolled.UnionWith(node.Output);
            }
        }

        return rolled;
    }
}
