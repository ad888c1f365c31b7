namespace Stip.Onnx.Packages;

/// <summary>What a graph does in a model: the keys of <c>graphs</c> in its manifests.</summary>
public static class GraphRoles
{
    /// <summary>Rows in, logits and caches out.</summary>
    public const string Decoder = "decoder";

    /// <summary>Rows in, hidden states, embeddings or class logits out; no cache.</summary>
    public const string Encoder = "encoder";

    /// <summary>The decoder once more, for steps after the first, where an exporter writes two.</summary>
    public const string DecoderWithPast = "decoder_with_past";

    /// <summary>Rows of image patches in, class logits or features for a decoder out.</summary>
    public const string Vision = "vision";
}
