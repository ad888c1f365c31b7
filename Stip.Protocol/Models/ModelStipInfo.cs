using Stip.Protocol.Packages;

namespace Stip.Protocol.Models;

/// <summary>What a client needs to know before it sends a row.</summary>
/// <param name="Protocol">Protocol version.</param>
/// <param name="Instance">Id of the set of keys.</param>
/// <param name="KeyEpoch">Counts key rotations.</param>
/// <param name="Mode">Protection mode.</param>
/// <param name="Verified">How it was compared with the plain model.</param>
/// <param name="Fingerprint">Must equal the bundle's.</param>
/// <param name="HiddenSize">Width of a row.</param>
/// <param name="VocabSize">Width of a logits row.</param>
/// <param name="ContextLength">Most tokens of a session.</param>
/// <param name="WireDtype">Type of rows on the wire.</param>
/// <param name="MaxTopK">Largest top_k, 0 where only full rows are given.</param>
/// <param name="Graphs">By role.</param>
public sealed record ModelStipInfo(
    string Protocol,
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
    IReadOnlyDictionary<string, GraphManifest> Graphs)
{
    /// <summary>Most rows of a source; null for a model without an encoder beside its decoder.</summary>
    public int? SourceLength { get; init; }

    /// <summary>Most tokens of a session that the server opens; null where that is <see cref="ContextLength"/>.
    /// </summary>
    public int? MaxLength { get; init; }

    /// <summary>What caches of the decoder keep that do not keep every token: a session is lost where it is rewound
    /// beyond that. Null where all keep everything.</summary>
    public IReadOnlyList<BoundedCache>? BoundedCaches { get; init; }

    /// <summary>The public part of a manifest.</summary>
    public static ModelStipInfo From(PackageManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return new(
            manifest.Protocol, manifest.Instance, manifest.KeyEpoch, manifest.Mode, manifest.Verified,
            manifest.Fingerprint, manifest.HiddenSize, manifest.VocabSize, manifest.ContextLength, manifest.WireDtype,
            manifest.MaxTopK,
            manifest.Graphs)
        {
            SourceLength = manifest.SourceLength,
        };
    }
}
