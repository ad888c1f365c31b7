using Stip.Keys.Permutations;

namespace Stip.Onnx.Protection;

/// <summary>What a protected initialiser holds.</summary>
/// <param name="Name">The initialiser.</param>
/// <param name="Source">The plain initialiser whose values it takes: itself, or one that traded places with it.</param>
/// <param name="Axes">For every axis where its indices move to, null where they stay.</param>
internal sealed record InitializerPlan(string Name, string Source, Permutation?[] Axes)
{
    public bool MovesNothing => Source == Name && Array.TrueForAll(Axes, axis => axis is null);
}
