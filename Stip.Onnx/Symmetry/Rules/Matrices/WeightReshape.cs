using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>Weights in another shape without a node for every entry, where axes are only joined or of length
/// one.</summary>
internal static class WeightReshape
{
    /// <summary>The view, or null where an axis would have to be cut.</summary>
    public static WeightValue? Reshape(WeightValue weight, int[] shape)
    {
        var axes = new List<WeightAxis>();
        var next = 0;
        foreach (var length in shape)
        {
            var first = next;
            var count = 1;
            while (next < weight.Rank && (count < length || (weight.Shape[next] == 1 && length > 1)))
            {
                count *= weight.Shape[next++];
            }

            if (count != length)
            {
                return null;
            }

            axes.Add(Join(weight, first, next));
        }

        return weight.Axes[next..].All(axis => !axis.IsIndexed) && weight.Shape[next..].All(length => length == 1)
            ? new WeightValue(shape, weight.Weight, [.. axes], weight.IsWhole) { Fixed = weight.Fixed }
            : null;
    }

    private static WeightAxis Join(WeightValue weight, int first, int end)
    {
        var parts = Enumerable.Range(first, end - first).Where(axis => weight.Axes[axis].IsIndexed).ToArray();
        return parts.Length switch
        {
            0 => new WeightAxis(weight.Weight, -1),
            1 when weight.Shape[first..end].Count(length => length > 1) == 1 => weight.Axes[parts[0]],
            _ => DerivedAxis.Product(
                weight.Weight.Store, weight.Weight, weight.Shape[first..end], weight.Axes[first..end]),
        };
    }
}
