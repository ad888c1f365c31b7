using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Vision;

/// <summary>Layers whose queries and keys know their places in each of them, and whose values do not (DETR, arXiv
/// 2005.12872).</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="isPreNorm">True where parts read rows through a norm, false where their sums with them are
/// normed.</param>
internal sealed class DetectionLayers(EncoderGraph encoder, EncoderSizes sizes, bool isPreNorm)
{
    private readonly GraphBuilder _graph = encoder.Graph;

    /// <summary>Appends the layers.</summary>
    /// <param name="kind">What they are called in the graph.</param>
    /// <param name="tensors">Where they are in the checkpoint, before their index.</param>
    /// <param name="rows">What enters the first layer, <c>[batch, n, hidden]</c>.</param>
    /// <param name="places">Places of these rows.</param>
    /// <param name="image">Rows that a second attention looks at, and their places; null for layers without
    /// one.</param>
    /// <returns>Rows <c>[batch, n, hidden]</c>.</returns>
    public string Append(
        string kind, string tensors, string rows, string places, (string Rows, string Places)? image = null)
    {
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var (name, tensor) = ($"{kind}.{layer}", $"{tensors}.{layer}");
            rows = Through($"{name}.attention", $"{tensor}.self_attn_layer_norm", rows, given => Attend(
                $"{name}.attention", $"{tensor}.self_attn", given, places, given, places));
            if (image is { } seen)
            {
                rows = Through($"{name}.cross", $"{tensor}.encoder_attn_layer_norm", rows, given => Attend(
                    $"{name}.cross", $"{tensor}.encoder_attn", given, places, seen.Rows, seen.Places));
            }

            rows = Through($"{name}.mlp", $"{tensor}.final_layer_norm", rows, given => FeedForward(
                $"{name}.mlp", tensor, given));
        }

        return rows;
    }

    private string Through(string name, string norm, string rows, Func<string, string> part) => isPreNorm
        ? _graph.Add("Add", $"{name}.sum", [rows, part(sizes.Norm.Append(encoder, $"{name}_norm", norm, rows))])
        : sizes.Norm.AppendAfterSum(encoder, $"{name}_norm", norm, rows, part(rows));

    private string Attend(
        string name, string tensor, string rows, string places, string keys, string keyPlaces)
    {
        var asking = _graph.Add("Add", $"{name}.asking", [rows, places]);
        var asked = keys == rows ? asking : _graph.Add("Add", $"{name}.asked", [keys, keyPlaces]);
        var attended = _graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [Project("q", asking), Project("k", asked), Project("v", keys)],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];
        return Linear.FromLinear(
            encoder, $"{name}.output", attended, $"{tensor}.out_proj", sizes.Hidden, sizes.Hidden, hasBias: true);

        string Project(string part, string given) => Linear.FromLinear(
            encoder, $"{name}.{part}", given, $"{tensor}.{part}_proj", sizes.Hidden, sizes.Hidden, hasBias: true);
    }

    private string FeedForward(string name, string tensor, string rows)
    {
        var wide = Linear.FromLinear(
            encoder, $"{name}.up", rows, $"{tensor}.fc1", sizes.Hidden, sizes.Inner, hasBias: true);
        var active = Activation.Append(_graph, sizes.Activation, $"{name}.act", wide);
        return Linear.FromLinear(
            encoder, $"{name}.down", active, $"{tensor}.fc2", sizes.Inner, sizes.Hidden, hasBias: true);
    }
}
