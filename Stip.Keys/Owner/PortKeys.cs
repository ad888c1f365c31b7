namespace Stip.Keys.Owner;

/// <summary>How the features of one graph input or output were permuted.</summary>
/// <param name="Name">Name of the input or output.</param>
/// <param name="FeatureAxes">The axes that hold features, counted from 0; all of them are permuted together as
/// one.</param>
/// <param name="Permutation">Number of the permutation over the product of those axes, null where nothing
/// moved.</param>
/// <param name="Rank">How many axes it has; null where keys are older, or where that is not known.</param>
public sealed record PortKeys(string Name, IReadOnlyList<int> FeatureAxes, int? Permutation, int? Rank = null);
