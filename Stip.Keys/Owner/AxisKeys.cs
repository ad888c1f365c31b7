namespace Stip.Keys.Owner;

/// <summary>
/// What happened to one initialiser: where its bytes came from and how each of its axes was permuted.
/// </summary>
/// <param name="Name">Name of the initialiser in both graphs.</param>
/// <param name="Source">The initialiser of the plain graph whose values it holds now: itself, or one of the same
/// shape that
/// traded places with it.</param>
/// <param name="Axes">Number of the permutation of each axis, null where the axis stayed.</param>
/// <param name="Packed">What the bytes hold, where elements are packed.</param>
public sealed record AxisKeys(string Name, string Source, IReadOnlyList<int?> Axes, PackedKeys? Packed = null);
