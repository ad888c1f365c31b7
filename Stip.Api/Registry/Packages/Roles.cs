using Stip.Protocol.Packages;

namespace Stip.Api.Registry.Packages;

/// <summary>What a graph of a package is for.</summary>
internal static class Roles
{
    public const string Decoder = "decoder";
    public const string Encoder = "encoder";

    /// <summary>The steps of a decoder after the first, where an encoder stands beside it.</summary>
    public const string DecoderWithPast = "decoder_with_past";
    public const string Vision = "vision";

    /// <summary>Every role there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Decoder, DecoderWithPast, Encoder, Vision];

    /// <summary>True where a decoder goes on from what an encoder makes of a source.</summary>
    public static bool AreOfSequence(PackageManifest manifest) =>
        manifest.Graphs?.ContainsKey(Decoder) == true
        && (manifest.Graphs.ContainsKey(Encoder) || manifest.Graphs.ContainsKey(DecoderWithPast));

    /// <summary>Role of the steps after the first: where one graph is both, that of the first.</summary>
    public static string NextSteps(PackageManifest manifest) =>
        manifest.Graphs.ContainsKey(DecoderWithPast) ? DecoderWithPast : Decoder;
}
