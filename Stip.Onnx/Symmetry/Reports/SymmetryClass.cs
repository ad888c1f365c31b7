namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Axes whose indices move together under one permutation.</summary>
/// <param name="Size">Indices that can trade places.</param>
/// <param name="Members">Where they occur.</param>
public sealed record SymmetryClass(int Size, IReadOnlyList<SymmetryMember> Members)
{
    /// <summary>Base-2 logarithm of the number of orders that so many indices have, to one decimal: what the class adds
    /// to a key at most. Where classes lean on each other (channels on their heads), all together add less.</summary>
    public double MostKeyBits =>
        Math.Round(Enumerable.Range(1, Size).Sum(index => Math.Log2(index)), 1, MidpointRounding.AwayFromZero);
}
