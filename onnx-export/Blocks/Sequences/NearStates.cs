using Stip.Export.Blocks.Positions;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Sequences;

/// <summary>Attention of an encoder's rows to those near them and to the first one, which sees all through projections
/// of its own (Longformer, arXiv 2004.05150).</summary>
/// <param name="graph">The graph.</param>
/// <param name="attention">How heads are made and read.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
internal sealed class NearStates(SequenceGraph graph, SequenceAttention attention, AttentionNames names)
{
    private const string Global = "_global";

    private readonly GraphBuilder _graph = graph.Graph;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="farthest">How far rows see.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows, int farthest)
    {
        var near = Attended(name, names, rows, NearOrFirst(farthest));
        var global = names with
        {
            Query = names.Query + Global,
            Key = names.Key + Global,
            Value = names.Value + Global,
        };
        var first = Attended(
            $"{name}.whole", global, _graph.Add("Slice", $"{name}.first", [rows, .. Range("first", 0, 1)]),
            graph.PaddingBias);
        var others = _graph.Add("Slice", $"{name}.others", [near, .. Range("others", 1, long.MaxValue)]);
        var joined = _graph.Add("Concat", $"{name}.both", [first, others], NodeAttribute.Int("axis", 1));
        return attention.Output(name, tensor, names, joined);

        string Attended(string own, AttentionNames parts, string queries, string? bias)
        {
            var (keys, values) = attention.Append(own, tensor, parts, rows);
            return attention.Attended(own, $"{tensor}.{parts.Query}", queries, keys, values, bias);
        }
    }

    // Scores of rows that are neither near nor the first vanish, as do those of padding.
    private string NearOrFirst(int farthest)
    {
        var name = $"near_or_first.{farthest}";
        if (_graph.Has($"{name}/output"))
        {
            return $"{name}/output";
        }

        _ = graph.Distances();
        var window = RowDistances.AppendWindow(graph, farthest);
        var isFirst = _graph.Add("Equal", $"{name}.is_first", [
            SequenceGraph.Keys, _graph.AddScalarConstant($"{name}.first", 0)]);
        var seen = _graph.Add("Where", $"{name}.seen", [
            isFirst, _graph.AddConstant($"{name}.near", graph.Weights.Dtype, 0), window]);
        return graph.PaddingBias is { } padding ? _graph.Add("Add", name, [seen, padding]) : seen;
    }

    private string[] Range(string name, long from, long to) =>
        [Once($"{name}.from", from), Once($"{name}.to", to), Once($"{name}.axis", 1)];

    private string Once(string name, long value) => _graph.Shared($"near_states.{name}", value);
}
