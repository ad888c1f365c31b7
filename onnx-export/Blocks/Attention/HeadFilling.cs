using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Fills heads up with zeros inside the graph, where a norm must see them as they are stored.</summary>
internal static class HeadFilling
{
    private const string Pads = "attention.fill";

    /// <param name="graph">The graph.</param>
    /// <param name="name">Name of the nodes.</param>
    /// <param name="rows">Rows <c>[batch, seq, heads·stored]</c>.</param>
    /// <param name="heads">How the heads stand.</param>
    /// <returns>Rows <c>[batch, seq, heads·padded]</c>.</returns>
    public static string Append(GraphBuilder graph, string name, string rows, HeadPadding heads)
    {
        var pads = graph.Shared(Pads, 0, 0, 0, 0, 0, 0, 0, heads.Padded - heads.Stored);
        var apart = graph.Add(
            "Reshape", $"{name}.apart", [rows, graph.AddConstant($"{name}.heads", 0, 0, heads.Heads, heads.Stored)]);
        var filled = graph.Add("Pad", $"{name}/Pad", [apart, pads]);
        return graph.Add(
            "Reshape", $"{name}.together", [filled, graph.AddConstant($"{name}.channels", 0, 0, heads.Length)]);
    }
}
