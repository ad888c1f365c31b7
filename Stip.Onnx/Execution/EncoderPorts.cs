namespace Stip.Onnx.Execution;

/// <summary>Names of inputs and outputs of graphs without a cache, and of the client's graphs before them.</summary>
public static class EncoderPorts
{
    /// <summary>Rows <c>[batch, seq, hidden]</c>.</summary>
    public const string Embeds = DecoderPorts.Embeds;

    /// <summary>int64 <c>[batch, seq]</c>: 1 where a row counts, 0 where it is padding.</summary>
    public const string Mask = "attention_mask";

    /// <summary>Scores of words or labels.</summary>
    public const string Logits = DecoderPorts.Logits;

    /// <summary>Where an answer begins, <c>[batch, seq]</c>.</summary>
    public const string StartLogits = "start_logits";

    /// <summary>Where an answer ends, <c>[batch, seq]</c>.</summary>
    public const string EndLogits = "end_logits";

    /// <summary>Features of every row, <c>[batch, seq, hidden]</c>.</summary>
    public const string Hidden = "last_hidden_state";

    /// <summary>Features of the whole input, <c>[batch, hidden]</c>.</summary>
    public const string Pooled = "pooler_output";

    /// <summary>A whole image in the space that it shares with texts, <c>[batch, projection]</c>.</summary>
    public const string ImageEmbeds = "image_embeds";

    /// <summary>A whole text in the space that it shares with images, <c>[batch, projection]</c>.</summary>
    public const string TextEmbeds = "text_embeds";

    /// <summary>Rows that stand for an image in a decoder's text, <c>[batch, patches, hidden]</c>.</summary>
    public const string ImageFeatures = "image_features";

    /// <summary>Where things are in an image: middle, width and height of each as shares of it, <c>[batch, things,
    /// 4]</c>.</summary>
    public const string Boxes = "pred_boxes";

    /// <summary>A spectrogram as the model wants it, <c>[batch, moments, frequencies]</c>.</summary>
    public const string Sound = "input_values";

    /// <summary>An image as the model wants it, <c>[batch, channels, height, width]</c>.</summary>
    public const string Pixels = "pixel_values";
}
