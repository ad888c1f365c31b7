using Stip.Onnx.Protection;

namespace Stip.Onnx.Packages;

/// <summary>The length that is asked for in the place of the one that a model's settings name. Nothing in a model whose
/// positions are distances alone depends on its length; any other has as many positions as its tables have rows.
/// </summary>
internal static class WantedLength
{
    private const int Most = 1 << 20;

    /// <exception cref="RefusedException">The model's length is not to be chosen, or not this one.</exception>
    public static void Judge(PlainModel plain, int? wanted)
    {
        if (wanted is null)
        {
            return;
        }

        if (plain.Manifest.SourceLength is null || !SourceSettings.Read(plain.Folder).HasDistancesAlone)
        {
            throw new RefusedException($"--context-length is {wanted}; it is for models of an encoder and a decoder "
                + "whose positions are distances alone (T5 and its kin), and this is none");
        }

        if (wanted is < 1 or > Most)
        {
            throw new RefusedException($"--context-length is {wanted}; it must be in 1..{Most}");
        }
    }

    /// <summary>A manifest with the length, for the source and for the answer.</summary>
    /// <param name="manifest">Of a model that was judged.</param>
    /// <param name="wanted">Null for its own.</param>
    public static ExportManifest ApplyTo(ExportManifest manifest, int? wanted) => wanted is not { } length
        ? manifest
        : manifest with
        {
            ContextLength = length,
            SourceLength = length,
            Sequence = manifest.Sequence is { } sequence ? sequence with { SourceLength = length } : null,
        };
}
