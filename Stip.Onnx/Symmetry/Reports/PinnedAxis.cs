namespace Stip.Onnx.Symmetry.Reports;

/// <summary>An axis that stays as it is, whole or in part.</summary>
/// <param name="Initializer">The initialiser.</param>
/// <param name="Axis">Its axis.</param>
/// <param name="Count">Indices that stay.</param>
/// <param name="Reason">What holds them.</param>
public sealed record PinnedAxis(string Initializer, int Axis, int Count, string Reason);
