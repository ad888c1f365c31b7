using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Sequences;

/// <summary>Attention in standard operators: caches are heads <c>[batch, heads, seq, dim]</c> that grow.</summary>
/// <param name="graph">The graph.</param>
/// <param name="family">The model.</param>
/// <param name="heads">Attention heads.</param>
internal sealed class SequenceAttention(SequenceGraph graph, SequenceFamily family, int heads)
{
    /// <summary>What turns queries and keys with their positions, null where nothing does.</summary>
    public SequenceTurns? Turns { get; init; }

    /// <summary>Queries over keys and values.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">The layer in the checkpoint.</param>
    /// <param name="names">Inside the layer.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="keys">Keys <c>[batch, heads, total, dim]</c>.</param>
    /// <param name="values">Values of the same shape.</param>
    /// <param name="bias">What is added to scores <c>[batch, heads, seq, total]</c>, null for nothing.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(
        string name, string tensor, AttentionNames names, string rows, string keys, string values, string? bias) =>
        Output(name, tensor, names, Attended(name, $"{tensor}.{names.Query}", rows, keys, values, bias));

    /// <summary>What heads give, side by side, before they are projected back to the stream.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="query">Projection to queries in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="keys">Keys <c>[batch, heads, total, dim]</c>.</param>
    /// <param name="values">Values of the same shape.</param>
    /// <param name="bias">What is added to scores <c>[batch, heads, seq, total]</c>, null for nothing.</param>
    public string Attended(string name, string query, string rows, string keys, string values, string? bias)
    {
        var nodes = graph.Graph;
        var queries = Turned($"{name}.q", Project($"{name}.q", query, rows, family.HasBiases));
        if (family.Scale is not 1)
        {
            var scale = nodes.Has("attention.scale")
                ? "attention.scale"
                : nodes.AddConstant("attention.scale", graph.Weights.Dtype, family.Scale);
            queries = nodes.Add("Mul", $"{name}.q_scaled", [queries, scale]);
        }

        var turned = nodes.Add("Transpose", $"{name}.k_turned", [keys], NodeAttribute.Ints("perm", 0, 1, 3, 2));
        var scores = nodes.Add("MatMul", $"{name}.scores", [queries, turned]);
        scores = bias is null ? scores : nodes.Add("Add", $"{name}.biased", [scores, bias]);
        var shares = nodes.Add("Softmax", $"{name}.shares", [scores], NodeAttribute.Int("axis", -1));
        return nodes.Add("Reshape", $"{name}.joined", [
            nodes.Add(
                "Transpose",
                $"{name}.together",
                [nodes.Add("MatMul", $"{name}.attended", [shares, values])],
                NodeAttribute.Ints("perm", 0, 2, 1, 3)),
            nodes.Shared("attention.joined", 0, 0, heads * family.HeadDim)]);
    }

    /// <summary>Projects what heads give back to the stream.</summary>
    public string Output(string name, string tensor, AttentionNames names, string joined) => Linear.FromLinear(
        graph,
        $"{name}.output",
        joined,
        $"{tensor}.{names.Output}",
        heads * family.HeadDim,
        family.Hidden,
        family.HasBiases);

    /// <summary>Keys and values of rows, <c>[batch, heads, seq, dim]</c>.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">The layer in the checkpoint.</param>
    /// <param name="names">Inside the layer.</param>
    /// <param name="rows">Rows <c>[batch, seq, width]</c>.</param>
    /// <param name="width">Their width, null for that of the stream.</param>
    public (string Keys, string Values) Append(
        string name, string tensor, AttentionNames names, string rows, int? width = null) => (
        Turned($"{name}.k", Project(
            $"{name}.k", $"{tensor}.{names.Key}", rows, family.HasBiases && names.HasKeyBias, width)),
        Project($"{name}.v", $"{tensor}.{names.Value}", rows, family.HasBiases, width));

    private string Turned(string name, string projected) =>
        Turns?.Append($"{name}.placed", projected, heads) ?? projected;

    private string Project(string name, string tensor, string rows, bool hasBias, int? width = null)
    {
        var flat = Linear.FromLinear(
            graph, name, rows, tensor, width ?? family.Hidden, heads * family.HeadDim, hasBias);
        var apart = graph.Graph.Add("Reshape", $"{name}.apart", [
            flat, graph.Graph.Shared("attention.apart", 0, 0, heads, family.HeadDim)]);
        return graph.Graph.Add("Transpose", $"{name}.heads", [apart], NodeAttribute.Ints("perm", 0, 2, 1, 3));
    }
}
