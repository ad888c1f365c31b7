namespace Stip.Export.Blocks;

/// <summary>The layers of an encoder, norms before or after each part.</summary>
/// <param name="encoder">The graph.</param>
/// <param name="sizes">Sizes of a layer.</param>
/// <param name="names">Where the tensors of a layer stand.</param>
/// <param name="prefix">Name of the layers in the checkpoint, before their index.</param>
internal sealed class EncoderLayers(
    EncoderGraph encoder, EncoderSizes sizes, EncoderLayerNames names, string prefix)
{
    private readonly EncoderAttention _attention = new(encoder, sizes, names);

    /// <summary>Each part's output is added to the stream, and the sum is normalised (BERT).</summary>
    /// <returns>Rows after the last layer, <c>[batch, seq, hidden]</c>.</returns>
    public string AppendPostNorm(string rows)
    {
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var (name, tensor) = Names(layer);
            var attended = _attention.Append($"{name}.attention", tensor, rows);
            rows = sizes.Norm.AppendAfterSum(
                encoder, $"{name}.attention_norm", $"{tensor}.{names.AttentionNorm}", rows, attended);
            var transformed = AppendFeedForward(name, tensor, rows);
            rows = sizes.Norm.AppendAfterSum(
                encoder, $"{name}.mlp_norm", $"{tensor}.{names.FeedForwardNorm}", rows, transformed);
        }

        return rows;
    }

    /// <summary>Each part reads the stream through a norm (ViT, CLIP).</summary>
    /// <param name="stream">The stream before the first layer, appended to.</param>
    /// <param name="layer">Index of the layer.</param>
    public void AppendPreNorm(ResidualStream stream, int layer)
    {
        var (name, tensor) = Names(layer);
        var normed = stream.Through(sizes.Norm, $"{name}.attention_norm", $"{tensor}.{names.AttentionNorm}");
        stream.Add(_attention.Append($"{name}.attention", tensor, normed));
        normed = stream.Through(sizes.Norm, $"{name}.mlp_norm", $"{tensor}.{names.FeedForwardNorm}");
        stream.Add(AppendFeedForward(name, tensor, normed));
    }

    private (string Graph, string Checkpoint) Names(int layer) => ($"layers.{layer}", $"{prefix}.{layer}");

    private string AppendFeedForward(string name, string tensor, string input)
    {
        var (hidden, inner) = (sizes.Hidden, sizes.Inner);
        var wide = Linear.FromLinear(
            encoder, $"{name}.mlp.up", input, $"{tensor}.{names.Up}", hidden, inner, hasBias: true);
        var active = Activation.Append(encoder.Graph, sizes.Activation, $"{name}.mlp.act", wide);
        return Linear.FromLinear(
            encoder, $"{name}.mlp.down", active, $"{tensor}.{names.Down}", inner, hidden, hasBias: true);
    }
}
