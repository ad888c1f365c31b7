using Stip.Export.Blocks.Positions;
using Stip.Export.Blocks.Weights;
using Stip.Export.Checkpoints;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention to whose scores distances add, each row of each head as much as its own features say (WavLM,
/// arXiv 2110.13900).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
/// <param name="distances">How distances fall into the rows of the table.</param>
/// <param name="table">The table, which all layers share.</param>
internal sealed class GatedDistanceAttention(
    EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names, DistanceBias distances, string table)
{
    private const string Bias = "distance_bias";
    private const int Gates = 2;
    private const int PerGate = 4;

    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows)
    {
        var shared = _graph.Has($"{Bias}/output") ? $"{Bias}/output" : distances.Append(encoder, table, Bias);
        var bias = _graph.Add("Mul", $"{name}.bias", [Gate(name, $"{tensor}.attention", rows), shared]);
        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [Project("q", names.Query), Project("k", names.Key), Project("v", names.Value), "", "", bias],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];
        return Linear.FromLinear(
            encoder, $"{name}.output", attended, $"{tensor}.{names.Output}", sizes.Hidden, sizes.Hidden, hasBias: true);

        string Project(string part, string stored) => Linear.FromLinear(
            encoder, $"{name}.{part}", rows, $"{tensor}.{stored}", sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    // a · (b · constant - 1) + 2, where a and b are shares that the features of a head give: [batch, heads, seq, 1].
    private string Gate(string name, string tensor, string rows)
    {
        var apart = _graph.Add("Reshape", $"{name}.apart", [
            rows, _graph.Shared("gates.apart", 0, 0, sizes.Heads, sizes.HeadDim)]);
        var heads = _graph.Add("Transpose", $"{name}.heads", [apart], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var made = Linear.FromLinear(
            encoder,
            $"{name}.gates",
            heads,
            $"{tensor}.gru_rel_pos_linear",
            sizes.HeadDim,
            Gates * PerGate,
            hasBias: true);
        var fours = _graph.Add("Reshape", $"{name}.fours", [
            made, _graph.Shared("gates.fours", 0, sizes.Heads, -1, Gates, PerGate)]);
        var sums = _graph.Add(
            "ReduceSum", $"{name}.sums", [fours, _graph.Shared("gates.axis", -1)], NodeAttribute.Int("keepdims", 0));
        var shares = _graph.Append(
            "",
            "Split",
            $"{name}.shares",
            [_graph.Add("Sigmoid", $"{name}.sigmoid", [sums]), _graph.Shared("gates.ones", 1, 1)],
            [$"{name}.first", $"{name}.second"],
            NodeAttribute.Int("axis", -1));
        var stored = encoder.Tensors.Require($"{tensor}.gru_rel_pos_const", 1, sizes.Heads, 1, 1);
        var constant = encoder.AddWeight($"{name}.constant", encoder.Weights.Vector((
            new ReshapedTensor(stored, [sizes.Heads]), HeadPadding.None(sizes.Heads))) with
        {
            Shape = [1, sizes.Heads, 1, 1],
        });
        var scaled = _graph.Add("Mul", $"{name}.scaled", [shares[1], constant]);
        var less = _graph.Add("Sub", $"{name}.less", [scaled, encoder.SharedScalar("gates.one", 1)]);
        var product = _graph.Add("Mul", $"{name}.product", [shares[0], less]);
        return _graph.Add("Add", $"{name}.gate", [product, encoder.SharedScalar("gates.two", 2)]);
    }
}
