using Stip.Keys.Bundles;
using Stip.Onnx.Packages;

namespace Stip.Onnx.Protection.WholeSequences;

/// <summary>What was found out about a model that may be a language model without a cache.</summary>
/// <param name="Manifest">How clients ask it; null where it is none, or none that they can ask.</param>
/// <param name="Warning">What the developer should know; null for nothing.</param>
internal sealed record WholeSequenceFinding(WholeSequenceManifest? Manifest, string? Warning)
{
    /// <summary>It is none.</summary>
    public static WholeSequenceFinding None { get; } = new(null, null);

    /// <summary>A manifest that says it.</summary>
    public ExportManifest ApplyTo(ExportManifest manifest) => Manifest is null
        ? manifest
        : manifest with { Kind = ModelKinds.Decoder, WholeSequence = Manifest };
}
