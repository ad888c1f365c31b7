using System.Collections;

namespace Stip.Onnx.Symmetry.Values;

/// <summary>
/// The cells of a shape in groups that differ along some axes only, in row-major order of the other axes.
/// </summary>
internal sealed class AxisGroups : IEnumerable<int[]>
{
    private readonly int[] _starts;
    private readonly int[] _within;

    public AxisGroups(int[] shape, int[] axes)
    {
        var strides = Shapes.Strides(shape);
        var kept = Enumerable.Range(0, shape.Length).Where(axis => !axes.Contains(axis)).ToArray();
        var over = axes.Order().ToArray();
        DroppedShape = Array.ConvertAll(kept, axis => shape[axis]);
        KeptShape = [.. shape.Select((length, axis) => axes.Contains(axis) ? 1 : length)];
        _starts = Shapes.Walk(DroppedShape, Array.ConvertAll(kept, axis => strides[axis]));
        _within = Shapes.Walk(
            Array.ConvertAll(over, axis => shape[axis]), Array.ConvertAll(over, axis => strides[axis]));
    }

    public int[] DroppedShape { get; }

    public int[] KeptShape { get; }

    public IEnumerator<int[]> GetEnumerator() =>
        _starts.Select(start => Array.ConvertAll(_within, offset => start + offset)).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
