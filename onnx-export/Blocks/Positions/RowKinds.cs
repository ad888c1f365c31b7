using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Positions;

/// <summary>Which part of a text each row belongs to, told by columns behind its features: a one in the column of its
/// kind.</summary>
internal static class RowKinds
{
    private const string Name = "kinds";

    /// <summary>Parts the rows that come in.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="kinds">How many kinds there are.</param>
    /// <returns>Features <c>[batch, seq, hidden]</c>.</returns>
    public static string Split(EncoderGraph encoder, int kinds) => encoder.Graph.Append(
        "",
        "Split",
        $"{Name}/Split",
        [encoder.Embeds, encoder.Graph.AddConstant($"{Name}.widths", encoder.HiddenSize, kinds)],
        [$"{Name}/features", Name],
        NodeAttribute.Int("axis", -1))[0];

    /// <summary>1 where two rows are of one kind, else 0: <c>[batch, 1, seq, seq]</c>, made once.</summary>
    public static string Same(EncoderGraph encoder)
    {
        var graph = encoder.Graph;
        if (!graph.Has($"{Name}.same/output"))
        {
            var across = graph.Add("Transpose", $"{Name}.across", [Name], NodeAttribute.Ints("perm", 0, 2, 1));
            graph.Add("Unsqueeze", $"{Name}.same", [
                graph.Add("MatMul", $"{Name}.pairs", [Name, across]),
                graph.AddConstant($"{Name}.axis", 1)]);
        }

        return $"{Name}.same/output";
    }
}
