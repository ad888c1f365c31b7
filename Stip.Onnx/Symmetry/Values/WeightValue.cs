namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// An initialiser seen by its axes: cell <c>(i, j, …)</c> is the entry of index i of the first axis, j of the second
/// and so on, without a node for every cell. Transposes, slices and the like keep it so.
/// </summary>
/// <param name="Shape">Its shape.</param>
/// <param name="Weight">Where it comes from.</param>
/// <param name="Axes">Where each axis comes from.</param>
/// <param name="IsWhole">True where all cells are there in the order in which they are stored.</param>
internal sealed record WeightValue(int[] Shape, WeightNodes Weight, WeightAxis[] Axes, bool IsWhole = false)
    : Value(Shape)
{
    /// <summary>Nodes that every cell hangs on: the matrix of a stack that was picked.</summary>
    public int[] Fixed { get; init; } = [];
}
