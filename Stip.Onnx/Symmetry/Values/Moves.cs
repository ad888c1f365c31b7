namespace Stip.Onnx.Symmetry.Values;

/// <summary>Moves cells without computing anything: numbers, labels and weights alike.</summary>
internal static class Moves
{
    /// <summary>Axis by axis: transposes, slices, picks by a known index, axes added and dropped.</summary>
    /// <param name="value">What is moved.</param>
    /// <param name="picks">The axes of the result.</param>
    /// <param name="dropped">For axes of the source that the result lacks: the index that is kept (0 unless
    /// told).</param>
    public static Value ByAxes(Value value, AxisPick[] picks, IReadOnlyDictionary<int, int>? dropped = null)
    {
        var shape = Array.ConvertAll(picks, pick => pick.Indices.Length);
        if (value is WeightValue weight)
        {
            var fixedNodes = (dropped ?? new Dictionary<int, int>()).Where(drop => weight.Axes[drop.Key].IsIndexed)
                .OrderBy(drop => drop.Key).Select(drop => weight.Axes[drop.Key].Nodes[drop.Value]);
            return new WeightValue(shape, weight.Weight, Array.ConvertAll(picks, pick => Pick(weight, pick)))
            {
                Fixed = [.. weight.Fixed, .. fixedNodes],
            };
        }

        var strides = Shapes.Strides(value.Shape);
        var offsets = new[] { dropped?.Sum(drop => drop.Value * strides[drop.Key]) ?? 0 };
        foreach (var pick in picks)
        {
            var stride = pick.Source < 0 ? 0 : strides[pick.Source];
            var longer = new int[offsets.Length * pick.Indices.Length];
            var next = 0;
            foreach (var offset in offsets)
            {
                foreach (var index in pick.Indices)
                {
                    longer[next++] = offset + (index * stride);
                }
            }

            offsets = longer;
        }

        return ByCells(value, shape, offsets);
    }

    /// <summary>Cell by cell: for every cell of the result the cell of the source.</summary>
    public static Value ByCells(Value value, int[] shape, int[] sources) => value switch
    {
        KnownValue known => known with { Shape = shape, Numbers = Array.ConvertAll(sources, i => known.Numbers[i]) },
        LabelValue labels => new LabelValue(shape, Array.ConvertAll(sources, i => labels.Labels[i])),
        WeightValue weight => ByCells(weight.Weight.WriteOut(weight), shape, sources),
        _ => throw new InvalidOperationException($"{value.GetType().Name} has no cells"),
    };

    private static WeightAxis Pick(WeightValue weight, AxisPick pick) => pick.Source < 0
        ? new WeightAxis(weight.Weight, -1)
        : weight.Axes[pick.Source].Pick(pick.Indices);
}
