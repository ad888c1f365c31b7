using Stip.Keys.Permutations;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Protection;

/// <summary>What a protected initialiser holds.</summary>
/// <param name="Name">The initialiser.</param>
/// <param name="Source">The plain initialiser whose values it takes: itself, or one that traded places with it.</param>
/// <param name="Axes">For every axis where its indices move to, null where they stay.</param>
/// <param name="Layout">What the bytes hold, and what the axes are those of, where elements are packed.</param>
internal sealed record InitializerPlan(
    string Name, string Source, Permutation?[] Axes, PackedLayout? Layout = null)
{
    public bool MovesNothing => Source == Name && Array.TrueForAll(Axes, axis => axis is null);
}
