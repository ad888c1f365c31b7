namespace Stip.Onnx.Symmetry.Reports;

/// <summary>An axis, or a part of one, in a class.</summary>
/// <param name="Name">Initialiser, input or output.</param>
/// <param name="Axis">Axis of the initialiser; null for an input or output, whose feature axes count as one.</param>
/// <param name="Count">Indices of that axis in the class.</param>
public sealed record SymmetryMember(string Name, int? Axis, int Count);
