namespace Stip.Onnx.Symmetry.Values;

/// <summary>One axis of a view of a weight: which indices of which axis of the initialiser it shows.</summary>
/// <param name="Weight">The initialiser.</param>
/// <param name="Source">Axis of the initialiser; -1 for an axis of length one or a stretched one, on which nothing
/// depends.</param>
/// <param name="Picked">The indices shown, null for all of them.</param>
internal sealed record WeightAxis(WeightNodes Weight, int Source, int[]? Picked = null)
{
    private int[]? _nodes;

    public bool IsIndexed => Source >= 0;

    /// <summary>The axis node of every index; asking for them makes the axis one that may move.</summary>
    public int[] Nodes => _nodes ??= !IsIndexed ? []
        : Picked is null ? Weight.Axis(Source)
        : Array.ConvertAll(Picked, i => Weight.Axis(Source)[i]);

    /// <summary>The same axis showing some of its indices.</summary>
    public WeightAxis Pick(int[] indices) => !IsIndexed
        ? this
        : new WeightAxis(Weight, Source, Picked is null ? indices : Array.ConvertAll(indices, i => Picked[i]));
}
