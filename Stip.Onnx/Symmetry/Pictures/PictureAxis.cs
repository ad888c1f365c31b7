namespace Stip.Onnx.Symmetry.Pictures;

/// <summary>One axis of a weight.</summary>
/// <param name="Length">Its indices.</param>
/// <param name="Shares">How many of them are in which class of the report; the rest stays.</param>
internal sealed record PictureAxis(int Length, IReadOnlyList<(int Class, int Count)> Shares);
