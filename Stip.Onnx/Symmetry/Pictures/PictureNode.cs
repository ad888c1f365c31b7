namespace Stip.Onnx.Symmetry.Pictures;

/// <summary>A node that has weights, or brings several values together; what only reshapes is left out.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Operator">Its operator.</param>
/// <param name="Weights">What it reads of weights.</param>
/// <param name="Sources">Nodes of the same card whose values it reads, by their place in it.</param>
/// <param name="Class">The class in which its result stands, null where it is not told.</param>
internal sealed record PictureNode(
    string Name, string Operator, IReadOnlyList<PictureWeight> Weights, IReadOnlyList<int> Sources, int? Class);
