namespace Stip.Onnx.Symmetry.Values;

/// <summary>A part of an axis: positions, or features.</summary>
/// <param name="Length">How many.</param>
/// <param name="IsPlace">True for positions.</param>
internal readonly record struct PlacedFactor(int Length, bool IsPlace);
