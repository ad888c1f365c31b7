using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention of rows to those near them and to the first one, which sees all through projections of its own
/// (Longformer, arXiv 2004.05150).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
/// <param name="farthest">How far rows of a layer see.</param>
internal sealed class FirstRowAttention(
    EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names, Func<int, int> farthest)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="layer">Its index.</param>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(int layer, string name, string tensor, string rows)
    {
        var near = Attended(name, tensor, rows, rows, "", NearOrFirst(farthest(layer)));
        var first = _graph.Add("Slice", $"{name}.first", [rows, .. Range("first", 0, 1)]); // [batch, 1, hidden]
        var whole = Attended($"{name}.whole", tensor, first, rows, "_global", bias: null);
        var others = _graph.Add("Slice", $"{name}.others", [near, .. Range("others", 1, long.MaxValue)]);
        var joined = _graph.Add("Concat", $"{name}.both", [whole, others], NodeAttribute.Int("axis", 1));
        return Linear.FromLinear(
            encoder, $"{name}.output", joined, $"{tensor}.{names.Output}", sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    private string Attended(string name, string tensor, string queries, string rows, string kind, string? bias)
    {
        string[] parts = [
            Project("q", names.Query, queries), Project("k", names.Key, rows), Project("v", names.Value, rows)];
        return _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            bias is null ? [.. parts, "", encoder.Mask!] : [.. parts, "", encoder.Mask!, bias],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];

        string Project(string part, string stored, string input) => Linear.FromLinear(
            encoder, $"{name}.{part}", input, $"{tensor}.{stored}{kind}", sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    // Scores of rows that are neither near nor the first vanish, [1, 1, seq, seq].
    private string NearOrFirst(int away)
    {
        var name = $"window_or_first.{away}";
        if (_graph.Has($"{name}/output"))
        {
            return $"{name}/output";
        }

        var window = RowDistances.AppendWindow(encoder, away);
        var places = $"{RowDistances.Places}/output";
        var isFirst = _graph.Add("Equal", $"{name}.is_first", [places, _graph.AddScalarConstant($"{name}.first", 0)]);
        return _graph.Add("Where", name, [
            isFirst, _graph.AddConstant($"{name}.seen", encoder.Weights.Dtype, 0), window]);
    }

    private string[] Range(string name, long from, long to) =>
        [Once($"{name}.from", from), Once($"{name}.to", to), Once($"{name}.axis", 1)];

    private string Once(string name, long value) => _graph.Shared($"first_row_attention.{name}", value);
}
