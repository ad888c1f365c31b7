using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Attention;

/// <summary>Attention to which each head adds the values near a row, by a kernel of its own (Nyströmformer,
/// arXiv 2102.03902).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="kernel">Rows of a kernel, an odd number.</param>
internal sealed class NearValuesAttention(EncoderGraph encoder, EncoderSizes sizes, int kernel)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows)
    {
        var self = $"{tensor}.attention.self";
        var values = Project("v", $"{self}.value", rows);
        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [Project("q", $"{self}.query", rows), Project("k", $"{self}.key", rows), values, "", encoder.Mask!],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];
        var both = _graph.Add("Add", $"{name}.both", [attended, Near(name, self, values)]);
        return Project("output", $"{tensor}.attention.output.dense", both);

        string Project(string part, string stored, string input) => Linear.FromLinear(
            encoder, $"{name}.{part}", input, stored, sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    private string Near(string name, string self, string values)
    {
        var apart = _graph.Add("Reshape", $"{name}.apart", [
            values, _graph.Shared("near.apart", 0, 0, sizes.Heads, sizes.HeadDim)]);
        var heads = _graph.Add("Transpose", $"{name}.heads", [apart], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        var stored = encoder.Tensors.Require($"{self}.conv.weight", sizes.Heads, 1, kernel, 1);
        var mixed = _graph.Add(
            "Conv",
            $"{name}.near",
            [heads, encoder.AddWeight($"{name}.near.weight", encoder.Weights.Rows(stored.Shape, [stored], 1))],
            NodeAttribute.Int("group", sizes.Heads),
            NodeAttribute.Ints("kernel_shape", kernel, 1),
            NodeAttribute.Ints("pads", kernel / 2, 0, kernel / 2, 0));
        var back = _graph.Add("Transpose", $"{name}.back", [mixed], NodeAttribute.Ints("perm", 0, 2, 1, 3));
        return _graph.Add("Reshape", $"{name}.near_rows", [back, _graph.Shared("near.joined", 0, 0, sizes.Hidden)]);
    }
}
