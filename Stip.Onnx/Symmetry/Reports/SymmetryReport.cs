namespace Stip.Onnx.Symmetry.Reports;

/// <summary>What of a graph can be permuted, and what cannot and why.</summary>
/// <param name="Classes">Groups of axes that move as one, largest first.</param>
/// <param name="Pinned">Axes, or parts of them, that stay.</param>
/// <param name="KeyBits">Base-2 logarithm of the number of possible keys, about.</param>
/// <param name="MovedShare">Share of weight bytes that move, 0..1: each axis of a matrix counts its part.</param>
/// <param name="Unruled">Operators without a rule, which pin what they touch.</param>
/// <param name="Clear">Inputs and outputs of the server that cross in the clear, e.g. <c>output 'scores'</c>.</param>
public sealed record SymmetryReport(
    IReadOnlyList<SymmetryClass> Classes,
    IReadOnlyList<PinnedAxis> Pinned,
    double KeyBits,
    double MovedShare,
    IReadOnlyList<string> Unruled,
    IReadOnlyList<string> Clear)
{
    /// <summary>Caches that keep no more than a window of tokens, by the name of the input, and that window.</summary>
    public IReadOnlyDictionary<string, int> BoundedCaches { get; init; } = new Dictionary<string, int>();
}
