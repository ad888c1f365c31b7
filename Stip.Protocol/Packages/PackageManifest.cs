namespace Stip.Protocol.Packages;

/// <summary><c>stip.json</c>: what a cloud package says of itself. It holds no secret, names no architecture.</summary>
/// <param name="Protocol">Always <see cref="CurrentProtocol"/>.</param>
/// <param name="Model">Id under which clients ask for it.</param>
/// <param name="Instance">Random id of this set of keys.</param>
/// <param name="KeyEpoch">Counts key rotations, from 1.</param>
/// <param name="Mode"><c>permutation</c>, <c>hardened</c> or <c>none</c>.</param>
/// <param name="Verified">How it was compared with the plain model: <c>full</c>, <c>blocks</c> or <c>none</c>.</param>
/// <param name="Fingerprint">See <see cref="PackageFingerprint"/>.</param>
/// <param name="HiddenSize">Width of a row on the wire.</param>
/// <param name="VocabSize">Width of a logits row.</param>
/// <param name="ContextLength">Most tokens of a session.</param>
/// <param name="WireDtype">Type in which clients send rows.</param>
/// <param name="MaxTopK">Largest <c>top_k</c> that makes sense; 0 where only full rows do.</param>
/// <param name="Graphs">By role: <c>decoder</c>, <c>encoder</c>, <c>vision</c>; of an encoder-decoder model
/// <c>encoder</c>, <c>decoder</c> (the first step) and <c>decoder_with_past</c> (later ones).</param>
/// <param name="Files">Every file but <c>stip.json</c> itself.</param>
public sealed record PackageManifest(
    string Protocol,
    string Model,
    string Instance,
    int KeyEpoch,
    string Mode,
    string Verified,
    string Fingerprint,
    int HiddenSize,
    int VocabSize,
    int ContextLength,
    string WireDtype,
    int MaxTopK,
    IReadOnlyDictionary<string, GraphManifest> Graphs,
    IReadOnlyList<PackageFile> Files)
{
    /// <summary>How far matrices were rounded after the transform: <c>int4</c> or <c>int8</c>; null where their values
    /// are those of the model.</summary>
    public string? Quantization { get; init; }

    /// <summary>Most rows of what the encoder of an encoder-decoder model reads; null for other models.</summary>
    public int? SourceLength { get; init; }

    /// <summary>The protocol version this library speaks.</summary>
    public const string CurrentProtocol = "stip/1";

    /// <summary>Name of the manifest inside a package.</summary>
    public const string FileName = "stip.json";
}
