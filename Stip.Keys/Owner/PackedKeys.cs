namespace Stip.Keys.Owner;

/// <summary>What the bytes of an initialiser hold where elements are packed; its axes are then those of this
/// shape.</summary>
/// <param name="Shape">Lengths of the axes of what is packed.</param>
/// <param name="Bits">Bits of one element.</param>
/// <param name="PadsRows">True where every row of the last axis starts at a byte of its own.</param>
public sealed record PackedKeys(IReadOnlyList<int> Shape, int Bits, bool PadsRows);
