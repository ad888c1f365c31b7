namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Axes whose indices move together under one permutation.</summary>
/// <param name="Size">Indices that can trade places.</param>
/// <param name="Members">Where they occur.</param>
public sealed record SymmetryClass(int Size, IReadOnlyList<SymmetryMember> Members);
