using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>How much of the weights moves.</summary>
internal static class MovedWeights
{
    /// <summary>Share of weight bytes that move, 0..1: each axis of a matrix counts its part.</summary>
    public static double Share(SymmetryAnalysis analysis, IReadOnlyList<WeightNodes> weights)
    {
        var (moved, total) = (0.0, 0.0);
        foreach (var weight in weights)
        {
            var axes = Axes(weight).ToArray();
            total += weight.Tensor.ByteLength;
            foreach (var axis in axes)
            {
                var moving = weight.AxisOrNull(axis)?.Count(node => analysis.Classes.Size(node) > 1) ?? 0;
                moved += (double)weight.Tensor.ByteLength / axes.Length * moving / weight.Shape[axis];
            }
        }

        return total == 0 ? 0 : moved / total;
    }

    /// <summary>Share of weight bytes that a draw leaves in place although they could move, 0..1: experts of which
    /// there are few, or two blocks, may be drawn as they were.</summary>
    public static double ShareLeft(SymmetryAnalysis analysis, IReadOnlyList<WeightNodes> weights, Automorphism drawn)
    {
        var (left, total) = (0.0, 0.0);
        foreach (var weight in weights)
        {
            var axes = Axes(weight).ToArray();
            total += weight.Tensor.ByteLength;
            left += drawn[weight.Root] != weight.Root ? 0
                : (double)weight.Tensor.ByteLength / Math.Max(1, axes.Length) * axes.Count(Stays);

            bool Stays(int axis) => weight.AxisOrNull(axis) is { } nodes
                && Array.TrueForAll(nodes, node => drawn[node] == node)
                && Array.Exists(nodes, node => analysis.Classes.Size(node) > 1);
        }

        return total == 0 ? 0 : left / total;
    }

    /// <summary>Axes along which there is something to move.</summary>
    public static IEnumerable<int> Axes(WeightNodes weight) =>
        Enumerable.Range(0, weight.Shape.Length).Where(axis => weight.Shape[axis] > 1);
}
