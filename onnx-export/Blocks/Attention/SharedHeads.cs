using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Heads of keys or values that several heads of queries share, repeated for kernels that want one each.
/// </summary>
internal static class SharedHeads
{
    /// <summary>Appends the repetition.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="rows">Rows <c>[batch, seq, stored·dim]</c>.</param>
    /// <param name="stored">Heads that are there.</param>
    /// <param name="wanted">Heads of queries; a multiple of <paramref name="stored"/>.</param>
    /// <param name="dim">Channels of a head.</param>
    /// <returns>Rows <c>[batch, seq, wanted·dim]</c>; the rows themselves where there are enough.</returns>
    public static string Append(GraphBuilder graph, string name, string rows, int stored, int wanted, int dim)
    {
        if (stored == wanted)
        {
            return rows;
        }

        var apart = graph.Add(
            "Reshape", $"{name}.apart", [rows, graph.Shared("shared_heads.apart", 0, 0, stored, 1, dim)]);
        var times = graph.Shared("shared_heads.times", 1, 1, 1, wanted / stored, 1);
        var repeated = graph.Add("Expand", $"{name}.repeated", [apart, times]); // [batch, seq, stored, times, dim]
        return graph.Add("Reshape", name, [repeated, graph.Shared("shared_heads.together", 0, 0, wanted * dim)]);
    }
}
