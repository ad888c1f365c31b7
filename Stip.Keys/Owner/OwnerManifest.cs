namespace Stip.Keys.Owner;

/// <summary>
/// <c>owner.json</c>: whose keys these are and what they belong to. The permutations lie in <c>keys.safetensors</c>.
/// </summary>
/// <param name="Format">Always <see cref="CurrentFormat"/>.</param>
/// <param name="Model">Id of the model.</param>
/// <param name="Instance">Random id of this set of keys.</param>
/// <param name="KeyEpoch">Counts key rotations, from 1.</param>
/// <param name="Mode"><c>permutation</c> or <c>none</c>.</param>
/// <param name="Fingerprint">Fingerprint of the cloud package.</param>
/// <param name="PlainFingerprint">SHA-256 of the plain graph file, so that keys are never applied to another
/// model.</param>
/// <param name="Graphs">By graph of the package.</param>
/// <param name="Encryption">How <c>keys.safetensors</c> is encrypted, null where it is not.</param>
public sealed record OwnerManifest(
    string Format,
    string Model,
    string Instance,
    int KeyEpoch,
    string Mode,
    string Fingerprint,
    string PlainFingerprint,
    IReadOnlyList<GraphKeys> Graphs,
    KeyEncryption? Encryption = null)
{
    /// <summary>The format this library writes.</summary>
    public const string CurrentFormat = "stip-owner/1";

    /// <summary>Name of the manifest inside an owner folder.</summary>
    public const string FileName = "owner.json";

    /// <summary>File of the permutations, int32, named <c>permutation.0</c>, <c>permutation.1</c>, ….</summary>
    public const string KeysFileName = "keys.safetensors";
}
