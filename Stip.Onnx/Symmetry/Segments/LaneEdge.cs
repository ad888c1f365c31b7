namespace Stip.Onnx.Symmetry.Segments;

/// <summary>Labels from <c>Parent</c> on hang lane by lane on those from <c>Child</c> on.</summary>
internal readonly record struct LaneEdge(int Child, int Parent, int Lanes);
