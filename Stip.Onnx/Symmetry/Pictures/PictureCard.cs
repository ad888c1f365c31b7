namespace Stip.Onnx.Symmetry.Pictures;

/// <summary>A layer, or what stands before or after the layers.</summary>
/// <param name="FirstLayer">Its number, null outside the layers.</param>
/// <param name="LastLayer">The last of the layers after it that look the same and are not drawn again.</param>
/// <param name="Nodes">Its nodes, in order.</param>
internal sealed record PictureCard(int? FirstLayer, int? LastLayer, IReadOnlyList<PictureNode> Nodes);
