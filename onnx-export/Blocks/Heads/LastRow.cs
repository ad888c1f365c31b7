using Stip.Onnx.Execution;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Heads;

/// <summary>The row of the last token that counts.</summary>
internal static class LastRow
{
    private const string Name = "last_row";

    /// <summary>Picks it out of <c>[batch, seq, hidden]</c>.</summary>
    /// <returns><c>[batch, hidden]</c>.</returns>
    public static string Append(ModelGraph model, string rows)
    {
        var graph = model.Graph;
        var axis = graph.AddConstant($"{Name}.axis", 1);
        var counts = graph.Add(
            "CumSum", $"{Name}.counts", [EncoderPorts.Mask, graph.AddScalarConstant($"{Name}.along", 1)]);
        var all = graph.Add(
            "ReduceMax", $"{Name}.all", [counts, axis], NodeAttribute.Int("keepdims", 1)); // [batch, 1]
        var isLast = graph.Add("And", $"{Name}.is_last", [
            graph.Add("Equal", $"{Name}.reaches", [counts, all]),
            graph.Add("Greater", $"{Name}.counted", [EncoderPorts.Mask, graph.AddScalarConstant($"{Name}.none", 0)])]);
        var share = graph.Add(
            "Cast", $"{Name}.share", [isLast], NodeAttribute.Int("to", (int)model.Weights.Dtype.ToOnnx()));
        var only = graph.Add("Mul", $"{Name}/Mul", [
            rows, graph.Add("Unsqueeze", $"{Name}.shares", [share, graph.AddConstant($"{Name}.channel", 2)])]);
        return graph.Add("ReduceSum", Name, [only, axis], NodeAttribute.Int("keepdims", 0));
    }
}
