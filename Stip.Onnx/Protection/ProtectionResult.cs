namespace Stip.Onnx.Protection;

/// <summary>What was made.</summary>
/// <param name="Model">Id of the model.</param>
/// <param name="Instance">Random id of this set of keys.</param>
/// <param name="KeyBits">Base-2 logarithm of the number of keys that were possible, about; 0 in mode none.</param>
/// <param name="Verification">How both graphs compared, null where they were not run.</param>
/// <param name="Warnings">What the developer should know, a line each.</param>
public sealed record ProtectionResult(
    string Model,
    string Instance,
    double KeyBits,
    VerificationReport? Verification,
    IReadOnlyList<string> Warnings)
{
    /// <summary>How the rounded package compared with the plain model that was not rounded; null where nothing was
    /// rounded, or the graphs were not run.</summary>
    public VerificationReport? Rounded { get; init; }
}
