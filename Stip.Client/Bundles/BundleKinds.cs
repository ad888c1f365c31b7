using Stip.Keys.Bundles;

namespace Stip.Client.Bundles;

/// <summary>What kinds of models there are, as <c>kind</c> of bundle.json names them.</summary>
internal static class BundleKinds
{
    public const string Decoder = "decoder";
    public const string Encoder = "encoder";
    public const string Image = "image";
    public const string VisionLanguage = "vision-language";
    public const string EncoderDecoder = "encoder-decoder";

    /// <summary>True where text comes out.</summary>
    public static bool Generates(BundleManifest manifest) =>
        manifest.Kind is Decoder or VisionLanguage or EncoderDecoder;

    /// <summary>Role of the server's graph that rows of tokens go to. A decoder without a cache is served as encoders
    /// are.</summary>
    public static string TextRole(BundleManifest manifest) =>
        manifest.Kind == Encoder || manifest.WholeSequence is not null ? Encoder : Decoder;

    /// <summary>Graphs that a server must have for a model that generates text.</summary>
    public static IReadOnlyList<string> Roles(BundleManifest manifest) =>
        manifest.Kind == EncoderDecoder ? [Encoder, Decoder] : [TextRole(manifest)];
}
