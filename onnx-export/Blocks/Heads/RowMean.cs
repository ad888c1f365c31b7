using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Heads;

/// <summary>The mean of the rows that count.</summary>
internal static class RowMean
{
    private const string Name = "row_mean";

    /// <summary>Takes it over <c>[batch, seq, hidden]</c>.</summary>
    /// <returns><c>[batch, hidden]</c>.</returns>
    public static string Append(ModelGraph model, string rows)
    {
        var graph = model.Graph;
        var axis = graph.AddConstant($"{Name}.axis", 1);
        var counts = graph.Add(
            "Cast",
            $"{Name}.counts",
            [EncoderPorts.Mask],
            NodeAttribute.Int("to", (int)model.Weights.Dtype.ToOnnx()));
        var only = graph.Add("Mul", $"{Name}/Mul", [
            rows, graph.Add("Unsqueeze", $"{Name}.shares", [counts, graph.AddConstant($"{Name}.channel", 2)])]);
        var sum = graph.Add("ReduceSum", $"{Name}.sum", [only, axis], NodeAttribute.Int("keepdims", 0));
        var count = graph.Add("Max", $"{Name}.count", [
            graph.Add("ReduceSum", $"{Name}.all", [counts, axis], NodeAttribute.Int("keepdims", 1)),
            graph.AddConstant($"{Name}.least", model.Weights.Dtype, 1)]);
        return graph.Add("Div", Name, [sum, count]);
    }
}
