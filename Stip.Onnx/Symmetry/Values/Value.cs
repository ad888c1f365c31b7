namespace Stip.Onnx.Symmetry.Values;

/// <summary>What a tensor is while the graph runs on labels.</summary>
/// <param name="Shape">Its shape at the small sizes of the run.</param>
internal abstract record Value(int[] Shape)
{
    public int Rank => Shape.Length;

    public int Count => Shapes.Count(Shape);
}
