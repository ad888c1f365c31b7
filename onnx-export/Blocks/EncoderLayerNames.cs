namespace Stip.Export.Blocks;

/// <summary>Where the tensors of an encoder layer stand in the checkpoint, below the layer's own name.</summary>
/// <param name="Query">Projection to queries.</param>
/// <param name="Key">Projection to keys.</param>
/// <param name="Value">Projection to values.</param>
/// <param name="Output">Projection from heads back to the stream.</param>
/// <param name="AttentionNorm">Norm before (pre-norm) or after (post-norm) attention.</param>
/// <param name="Up">First matrix of the feed-forward part.</param>
/// <param name="Down">Second matrix of the feed-forward part.</param>
/// <param name="FeedForwardNorm">Norm before or after the feed-forward part.</param>
internal sealed record EncoderLayerNames(
    string Query,
    string Key,
    string Value,
    string Output,
    string AttentionNorm,
    string Up,
    string Down,
    string FeedForwardNorm);
