namespace Stip.Onnx.Packages;

/// <summary>Values of <c>kind</c> in manifests.</summary>
public static class ModelKinds
{
    /// <summary>Text in, text out.</summary>
    public const string Decoder = "decoder";

    /// <summary>Text in; hidden states, embeddings or classes out.</summary>
    public const string Encoder = "encoder";

    /// <summary>Text or sound in, text out: a decoder that reads what an encoder gives.</summary>
    public const string EncoderDecoder = "encoder-decoder";

    /// <summary>An image in; classes or features out.</summary>
    public const string Image = "image";

    /// <summary>Image and text in, text out.</summary>
    public const string VisionLanguage = "vision-language";
}
