using Stip.Export.Blocks.Weights;
using Stip.Onnx.Model;

namespace Stip.Export.Blocks.Sequences;

/// <summary>Attention of a decoder's rows to those of an encoder in the same graph.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where its tensors stand in a layer.</param>
internal sealed class StatesAttention(EncoderGraph encoder, EncoderSizes sizes, AttentionNames names)
{
    /// <summary>Appends the attention of one layer.</summary>
    /// <param name="name">Name in the graph.</param>
    /// <param name="tensor">Name of the layer in the checkpoint.</param>
    /// <param name="rows">Rows <c>[batch, seq, hidden]</c>.</param>
    /// <param name="states">The encoder's, <c>[batch, seq, hidden]</c>.</param>
    /// <returns>Rows <c>[batch, seq, hidden]</c>.</returns>
    public string Append(string name, string tensor, string rows, string states)
    {
        var attended = encoder.Graph.AddMicrosoft(
            "MultiHeadAttention",
            name,
            [Part("q", names.Query, rows), Part("k", names.Key, states), Part("v", names.Value, states), "",
                encoder.Mask!],
            [$"{name}/output"],
            NodeAttribute.Int("num_heads", sizes.Heads),
            NodeAttribute.Float("scale", sizes.ScoreScale))[0];
        return Linear.FromLinear(
            encoder,
            $"{name}.output",
            attended,
            $"{tensor}.{names.Output}",
            sizes.QueryWidth,
            sizes.Hidden,
            sizes.HasOutputBias);

        string Part(string part, string stored, string input) => Linear.FromLinear(
            encoder, $"{name}.{part}", input, $"{tensor}.{stored}", sizes.Hidden, sizes.QueryWidth, sizes.HasQkvBias);
    }
}
