using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Heads;

/// <summary>The row of the class token.</summary>
internal static class FirstRow
{
    /// <summary>Picks row 0 out of <c>[batch, seq, hidden]</c>.</summary>
    /// <returns><c>[batch, hidden]</c>.</returns>
    public static string Append(EncoderGraph encoder, string rows)
    {
        var graph = encoder.Graph;
        return graph.Add(
            "Gather",
            "first_row/Gather",
            [rows, graph.AddScalarConstant("first_row.index", 0)],
            NodeAttribute.Int("axis", 1));
    }
}
