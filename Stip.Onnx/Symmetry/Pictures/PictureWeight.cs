namespace Stip.Onnx.Symmetry.Pictures;

/// <summary>A weight that a node reads.</summary>
/// <param name="Name">The initialiser.</param>
/// <param name="Axes">Its axes.</param>
internal sealed record PictureWeight(string Name, IReadOnlyList<PictureAxis> Axes);
