namespace Stip.Onnx.Symmetry.Values;

/// <summary>One axis of the result of a move: which indices of which axis of the source it shows.</summary>
/// <param name="Source">Axis of the source, -1 for a new axis.</param>
/// <param name="Indices">Index of the source for every index of the result; for a new axis only their number
/// counts.</param>
internal readonly record struct AxisPick(int Source, int[] Indices)
{
    public static AxisPick All(int source, int length) => new(source, [.. Enumerable.Range(0, length)]);

    public static AxisPick New(int length) => new(-1, new int[length]);
}
