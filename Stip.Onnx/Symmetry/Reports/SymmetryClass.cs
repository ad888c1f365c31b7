namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Axes whose indices move together under one permutation.</summary>
/// <param name="Size">Indices that can trade places.</param>
/// <param name="Members">Where they occur.</param>
public sealed record SymmetryClass(int Size, IReadOnlyList<SymmetryMember> Members)
{
    /// <summary>Sizes of parts that stay together whatever the key, ascending: 8, 32 for heads of 8 channels in groups
    /// of four. Each divides the size; none where only single indices trade places.</summary>
    public IReadOnlyList<int> Blocks { get; init; } = [];

    /// <summary>Smaller classes, by their number in the report, whose order an order of this one includes: channels of
    /// heads that of their rotary frequencies.</summary>
    public IReadOnlyList<int> Within { get; init; } = [];

    /// <summary>The largest group of maps that it admits beside permutations, in its innermost blocks where it has any:
    /// <c>permutation</c> for none, <c>signs</c>, <c>scales</c>, <c>signs and scales</c>, <c>scale of the linear
    /// factor</c> (of a gated unit), <c>signs of pairs</c>, <c>turns of pairs</c>, <c>turns and scales of pairs</c>,
    /// <c>orthogonal, ones fixed</c>, <c>orthogonal</c>, <c>invertible</c>.</summary>
    public string Maps { get; init; } = "permutation";

    /// <summary>Base-2 logarithm of the number of orders that so many indices have, to one decimal: what the class adds
    /// to a key at most. Where classes lean on each other (channels on their heads), all together add less.</summary>
    public double MostKeyBits =>
        Math.Round(Enumerable.Range(1, Size).Sum(index => Math.Log2(index)), 1, MidpointRounding.AwayFromZero);
}
