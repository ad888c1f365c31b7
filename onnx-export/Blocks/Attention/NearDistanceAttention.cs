using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention to whose scores each query adds its product with a row for the key's distance; those beyond the
/// farthest share its row (Shaw, arXiv 1803.02155).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="before">The farthest distance backwards.</param>
/// <param name="after">The farthest distance forwards.</param>
internal sealed class NearDistanceAttention(EncoderGraph encoder, EncoderSizes sizes, int before, int after)
{
    private const string Shared = "near";

    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the attention in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows)
    {
        var query = Project("q", "linear_q", rows);
        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [query, Project("k", "linear_k", rows), Project("v", "linear_v", rows), "", "", Bias(name, tensor, query)],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];
        return Project("output", "linear_out", attended);

        string Project(string part, string stored, string input) => Linear.FromLinear(
            encoder, $"{name}.{part}", input, $"{tensor}.{stored}", sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    // [batch, heads, seq, seq]
    private string Bias(string name, string tensor, string query)
    {
        var apart = _graph.Add("Reshape", $"{name}.apart", [
            query, _graph.Shared($"{Shared}.apart", 0, 0, sizes.Heads, sizes.HeadDim)]);
        var heads = _graph.Add("Transpose", $"{name}.heads", [apart], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var stored = encoder.Tensors.Require(
            $"{tensor}.distance_embedding.weight", before + after + 1, sizes.HeadDim);
        var all = Linear.FromRows(encoder, $"{name}.distances", heads, stored, bias: null, inputAxes: 4);
        var scaled = _graph.Add("Mul", $"{name}.scaled", [
            all, encoder.SharedScalar($"{Shared}.scale", sizes.ScoreScale)]);

        // As many rows of places as there are scores: [batch, heads, seq, seq].
        var shape = _graph.Add("Concat", $"{name}.shape", [
            _graph.Add(
                "Shape", $"{name}.queries", [scaled], NodeAttribute.Int("start", 0), NodeAttribute.Int("end", 3)),
            _graph.Add(
                "Shape", $"{name}.keys", [scaled], NodeAttribute.Int("start", 2), NodeAttribute.Int("end", 3))],
            NodeAttribute.Int("axis", 0));
        var places = _graph.Add("Expand", $"{name}.places", [Places(), shape]);
        return _graph.Add("GatherElements", $"{name}.bias", [scaled, places], NodeAttribute.Int("axis", 3));
    }

    // The row of each pair's distance, [seq, seq].
    private string Places()
    {
        const string Name = $"{Shared}.places";
        return _graph.Has($"{Name}/output") ? $"{Name}/output" : _graph.Add("Add", Name, [
            _graph.Add("Clip", $"{Shared}.clipped", [
                RowDistances.Append(encoder),
                _graph.AddScalarConstant($"{Shared}.before", -before),
                _graph.AddScalarConstant($"{Shared}.after", after)]),
            _graph.AddScalarConstant($"{Shared}.first", before)]);
    }
}
