using Stip.Onnx.Model;
using Stip.Protocol.Tensors;

namespace Stip.Export.Blocks.FeedForward;

/// <summary>SparseMixer's choice (arXiv 2409.12136): the best expert, then the best of the others, each with its share
/// of a softmax over those that come near it.</summary>
/// <param name="decoder">The graph.</param>
/// <param name="name">Name in the graph.</param>
/// <param name="near">How much less than the best still comes near, as a share of the score.</param>
internal sealed class PairRouting(DecoderGraph decoder, string name, double near)
{
    private readonly GraphBuilder _graph = decoder.Graph;

    /// <summary>Appends the choice.</summary>
    /// <param name="scores">What the router gives in float32, <c>[batch, seq, experts]</c>.</param>
    /// <returns>In the same type: logarithms of the two shares, next to nothing for other experts; and their
    /// sum.</returns>
    public (string Scores, string Total) Append(string scores)
    {
        var nothing = Number($"{name}.nothing", ExpertRouting.NotTaken);
        var best = Largest("best", scores);
        var isFirst = _graph.Add("GreaterOrEqual", $"{name}/is_first", [scores, best]);
        var others = _graph.Add("Where", $"{name}/others", [isFirst, nothing, scores]);
        var next = Largest("next", others);
        var isSecond = _graph.Add("GreaterOrEqual", $"{name}/is_second", [others, next]);
        var first = Share("first", scores, best, scores, nothing);
        var second = Share("second", scores, next, others, nothing);
        var rest = _graph.Add("Where", $"{name}/rest", [
            isSecond, _graph.Add("Log", $"{name}/second/Log", [second]), nothing]);
        var routed = _graph.Add("Where", $"{name}/routed", [
            isFirst, _graph.Add("Log", $"{name}/first/Log", [first]), rest]);
        return (routed, _graph.Add("Add", $"{name}/total", [first, second]));
    }

    // What the best of the values has of a softmax over those whose scores come near it.
    private string Share(string part, string scores, string best, string values, string nothing)
    {
        var least = _graph.Add("Max", $"{name}/{part}/Max", [_graph.Add("Abs", $"{name}/{part}/Abs", [scores]), best]);
        var less = _graph.Add(
            "Div", $"{name}/{part}/Div", [_graph.Add("Sub", $"{name}/{part}/Sub", [best, scores]), least]);
        var bound = Number($"{name}.{part}.near", near);
        var isFar = _graph.Add("Greater", $"{name}/{part}/Greater", [less, bound]);
        var kept = _graph.Add("Where", $"{name}/{part}/Where", [isFar, nothing, values]);
        var shares = _graph.Add("Softmax", $"{name}/{part}/Softmax", [kept], NodeAttribute.Int("axis", -1));
        return Largest($"{part}/share", shares);
    }

    private string Number(string called, double value) =>
        _graph.AddConstant(called, TensorDtype.Float32, value);

    private string Largest(string part, string values) => _graph.Add(
        "ReduceMax",
        $"{name}/{part}/ReduceMax",
        [values, _graph.Shared("experts.last", -1)],
        NodeAttribute.Int("keepdims", 1));
}
