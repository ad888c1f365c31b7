using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Heads;

/// <summary>What becomes of the rows of words where some are hidden (ESM's dropout of tokens): hidden ones are zero
/// when they come in, and the others grow as their number falls below what training had.</summary>
/// <param name="Share">How many rows of a text count where training hid tokens.</param>
internal sealed record HiddenWords(double Share)
{
    private const string Name = "hidden_words";

    /// <summary>Appends the factor of each text.</summary>
    /// <param name="encoder">The graph.</param>
    /// <param name="rows">Rows of words <c>[batch, seq, width]</c>.</param>
    /// <returns>Rows of the same shape.</returns>
    public string Append(EncoderGraph encoder, string rows)
    {
        var (graph, dtype) = (encoder.Graph, encoder.Weights.Dtype);
        var type = NodeAttribute.Int("to", (int)dtype.ToOnnx());
        var mask = graph.Add("Unsqueeze", $"{Name}.mask", [
            graph.Add("Cast", $"{Name}.counts", [encoder.Mask!], type), graph.AddConstant($"{Name}.channel", 2)]);
        var largest = graph.Add(
            "ReduceMax", $"{Name}.largest", [
                graph.Add("Abs", $"{Name}.sizes", [rows]), graph.AddConstant($"{Name}.width", -1)],
            NodeAttribute.Int("keepdims", 1)); // [batch, seq, 1]
        var isSeen = graph.Add(
            "Cast",
            $"{Name}.seen",
            [graph.Add("Greater", $"{Name}.is_seen", [largest, graph.AddConstant($"{Name}.zero", dtype, 0)])],
            type);
        var seen = Sum("seen_sum", graph.Add("Mul", $"{Name}.seen_counted", [isSeen, mask]));
        var few = graph.Add("Max", $"{Name}.few", [seen, graph.AddConstant($"{Name}.one", dtype, 1)]);
        var all = graph.Add("Mul", $"{Name}.scaled", [
            Sum("all_sum", mask), graph.AddConstant($"{Name}.share", dtype, Share)]);
        return graph.Add("Mul", Name, [rows, graph.Add("Div", $"{Name}.factor", [all, few])]);

        string Sum(string part, string rowsOfOne) => graph.Add(
            "ReduceSum", $"{Name}.{part}", [rowsOfOne, graph.Shared($"{Name}.rows", 1)],
            NodeAttribute.Int("keepdims", 1));
    }
}
