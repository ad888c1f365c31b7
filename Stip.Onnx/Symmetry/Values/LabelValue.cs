namespace Stip.Onnx.Symmetry.Values;

/// <summary>A tensor of labels: for every cell the node that computes it.</summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Labels">Row-major node ids.</param>
internal sealed record LabelValue(int[] Shape, int[] Labels) : Value(Shape);
