namespace Stip.Onnx.Symmetry.Nodes;

/// <summary>Labels one after the other: <c>Start, Start + 1, …</c>, <c>Count</c> of them.</summary>
internal readonly record struct LabelRange(int Start, int Count)
{
    public int End => Start + Count;
}
