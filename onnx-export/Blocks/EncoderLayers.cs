using Stip.Export.Blocks.Attention;
using Stip.Export.Blocks.FeedForward;
using Stip.Export.Blocks.Positions;

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
    private readonly EncoderFeedForward _feedForward = new(encoder, sizes, names);

    /// <summary>How a layer knows where rows stand, where that is not in the rows themselves.</summary>
    public Func<int, RowPositions>? Positions { get; init; }

    /// <summary>The attention of a layer (its index, its name in the graph, its name in the checkpoint, rows) where it
    /// is not the usual one.</summary>
    public Func<int, string, string, string, string>? Attention { get; init; }

    /// <summary>The feed-forward part of a layer (its index, its name in the graph, its name in the checkpoint, rows)
    /// where it is not the usual one; null for a layer where it is.</summary>
    public Func<int, string, string, string, string?>? FeedForward { get; init; }

    /// <summary>What becomes of the rows after a layer (its index, rows) where that is more than the layer
    /// itself.</summary>
    public Func<int, string, string>? After { get; init; }

    /// <summary>Which stored layer is a layer of the graph, where some share their weights.</summary>
    public Func<int, string>? Stored { get; init; }

    /// <summary>Each part's output is added to the stream, and the sum is normalised (BERT).</summary>
    /// <returns>Rows after the last layer, <c>[batch, seq, hidden]</c>.</returns>
    public string AppendPostNorm(string rows)
    {
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            var (name, tensor) = Names(layer);
            var attended = Attended(layer, rows);
            rows = sizes.Norm.AppendAfterSum(
                encoder, $"{name}.attention_norm", $"{tensor}.{names.AttentionNorm}", rows, attended);
            var transformed = Transformed(layer, rows);
            rows = sizes.Norm.AppendAfterSum(
                encoder, $"{name}.mlp_norm", $"{tensor}.{names.FeedForwardNorm}", rows, transformed);
            rows = After?.Invoke(layer, rows) ?? rows;
        }

        return rows;
    }

    /// <summary>Each part of every layer reads the stream through a norm (ViT, CLIP).</summary>
    /// <param name="rows">What enters the first layer.</param>
    /// <param name="lastNorm">Name of the norm after the last layer, null where there is none.</param>
    /// <returns>Rows after the last norm, <c>[batch, seq, hidden]</c>.</returns>
    public string AppendPreNorm(string rows, string? lastNorm)
    {
        var stream = new ResidualStream(encoder, rows);
        for (var layer = 0; layer < sizes.Layers; layer++)
        {
            AppendPreNorm(stream, layer);
        }

        return lastNorm is null ? stream.Sum("residual") : stream.Through(sizes.Norm, "final_norm", lastNorm);
    }

    /// <summary>One layer whose parts read the stream through norms.</summary>
    /// <param name="stream">The stream before the first layer, appended to.</param>
    /// <param name="layer">Index of the layer.</param>
    public void AppendPreNorm(ResidualStream stream, int layer)
    {
        var (name, tensor) = Names(layer);
        var normed = layer == 0 && !names.HasFirstNorm
            ? stream.Sum($"{name}.stream")
            : stream.Through(sizes.Norm, $"{name}.attention_norm", $"{tensor}.{names.AttentionNorm}");
        stream.Add(Scaled($"{name}.attention_scale", tensor, names.AttentionFactors, Attended(layer, normed)));
        normed = stream.Through(sizes.Norm, $"{name}.mlp_norm", $"{tensor}.{names.FeedForwardNorm}");
        stream.Add(Scaled(
            $"{name}.mlp_scale", tensor, names.FeedForwardFactors, Transformed(layer, normed)));
    }

    private (string Graph, string Checkpoint) Names(int layer) =>
        ($"layers.{layer}", $"{prefix}.{Stored?.Invoke(layer) ?? $"{layer}"}");

    private string Attended(int layer, string rows)
    {
        var (name, tensor) = Names(layer);
        return Attention?.Invoke(layer, $"{name}.attention", tensor, rows)
            ?? _attention.Append($"{name}.attention", tensor, rows, Positions?.Invoke(layer));
    }

    private string Transformed(int layer, string rows)
    {
        var (name, tensor) = Names(layer);
        return FeedForward?.Invoke(layer, $"{name}.mlp", tensor, rows)
            ?? _feedForward.Append($"{name}.mlp", tensor, rows);
    }

    private string Scaled(string name, string tensor, string? factors, string rows) => factors is null
        ? rows
        : encoder.Graph.Add("Mul", $"{name}/Mul", [rows, encoder.AddWeight(name, encoder.Weights.Vector((
            encoder.Tensors.Require($"{tensor}.{factors}", sizes.Hidden), HeadPadding.None(sizes.Hidden))))]);
}
