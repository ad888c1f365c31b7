using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Matrices;

/// <summary>
/// A weight with a scale, and perhaps a zero point, for every block along one axis. An index of the weight hangs on
/// its block, so indices move within blocks and blocks move as wholes; nibbles, scales and zero points follow.
/// </summary>
internal static class QuantizedMatrix
{
    /// <summary>The weight as what it stands for.</summary>
    /// <param name="weight">The integers.</param>
    /// <param name="blockAxis">Axis along which blocks lie.</param>
    /// <param name="block">Length of a block; 0 where all of that axis is one.</param>
    /// <param name="factors">Scales and zero points: of the shape of the weight with the block axis shortened or gone;
    /// those without axes count for all.</param>
    public static WeightValue Dequantized(
        WeightValue weight, int blockAxis, int block, params ReadOnlySpan<WeightValue?> factors) =>
        Dequantized(weight, blockAxis, index => index / Math.Max(block, 1), factors);

    /// <summary>The weight as what it stands for, where a list says which block an index belongs to.</summary>
    /// <param name="weight">The integers.</param>
    /// <param name="blockAxis">Axis along which blocks lie.</param>
    /// <param name="blockOf">The block of an index of that axis.</param>
    /// <param name="factors">Scales and zero points.</param>
    public static WeightValue Dequantized(
        WeightValue weight, int blockAxis, Func<int, int> blockOf, params ReadOnlySpan<WeightValue?> factors)
    {
        var axes = weight.Axes.ToArray();
        foreach (var factor in factors)
        {
            if (factor is null)
            {
                continue;
            }

            for (var axis = 0; axis < axes.Length; axis++)
            {
                var source = FactorAxis(weight, factor, axis, blockAxis);
                if (source >= 0 && factor.Axes[source].IsIndexed)
                {
                    axes[axis] = Hang(
                        weight,
                        axes[axis],
                        weight.Shape[axis],
                        factor.Axes[source],
                        axis == blockAxis ? blockOf : index => index);
                }
            }
        }

        return new WeightValue(weight.Shape, weight.Weight, axes) { Fixed = weight.Fixed };
    }

    /// <summary>The weight as what it stands for, where a list that moves along says which block an index belongs to:
    /// any indices trade places, blocks keep theirs.</summary>
    /// <param name="weight">The integers.</param>
    /// <param name="blockAxis">Axis along which blocks lie.</param>
    /// <param name="list">The block of every index of that axis.</param>
    /// <param name="factors">Scales and zero points, of the shape of the weight with the block axis shortened.</param>
    /// <exception cref="NotSupportedException">The list is shorter than the axis.</exception>
    public static WeightValue Listed(
        WeightValue weight, int blockAxis, WeightValue list, params ReadOnlySpan<WeightValue?> factors)
    {
        if (list.Count != weight.Shape[blockAxis])
        {
            throw new NotSupportedException($"{list.Count} groups for {weight.Shape[blockAxis]} inputs");
        }

        var axes = weight.Axes.ToArray();
        axes[blockAxis] = Hang(weight, axes[blockAxis], list.Count, list.Axes[0], index => index);
        foreach (var factor in factors)
        {
            factor?.Axes[blockAxis].Pin("its blocks are told by a list of numbers");
            for (var axis = 0; factor is not null && axis < axes.Length; axis++)
            {
                if (axis != blockAxis && factor.Axes[axis].IsIndexed)
                {
                    axes[axis] = Hang(weight, axes[axis], weight.Shape[axis], factor.Axes[axis], index => index);
                }
            }
        }

        return new WeightValue(weight.Shape, weight.Weight, axes) { Fixed = weight.Fixed };
    }

    /// <summary>The weight with a scale, and perhaps a zero point, for every index of one axis.</summary>
    public static WeightValue PerIndex(WeightValue weight, int axis, params ReadOnlySpan<WeightValue?> factors)
    {
        var axes = weight.Axes.ToArray();
        foreach (var factor in factors)
        {
            if (factor is not null && factor.Axes[0].IsIndexed)
            {
                axes[axis] = Hang(weight, axes[axis], weight.Shape[axis], factor.Axes[0], index => index);
            }
        }

        return new WeightValue(weight.Shape, weight.Weight, axes) { Fixed = weight.Fixed };
    }

    // A factor has all axes of the weight, or all but that of the blocks.
    private static int FactorAxis(WeightValue weight, WeightValue factor, int axis, int blockAxis)
    {
        if (factor.Rank == weight.Rank)
        {
            return axis;
        }

        return axis == blockAxis || factor.Rank == 0 ? -1
            : factor.Rank == weight.Rank - 1 ? (axis < blockAxis ? axis : axis - 1)
            : throw new NotSupportedException($"a scale of {factor.Rank} axes for a weight of {weight.Rank}");
    }

    private static WeightAxis Hang(
        WeightValue weight, WeightAxis axis, int length, WeightAxis factor, Func<int, int> blockOf)
    {
        var store = weight.Weight.Store;
        WeightAxis[] parts = axis.IsIndexed ? [axis, factor] : [factor];
        return new WeightAxis(weight.Weight, -1, null, new DerivedAxis(parts, () =>
        {
            var blocks = factor.Nodes;
            int[] own = axis.IsIndexed ? axis.Nodes : [weight.Weight.Root];
            return CellWise.Ordered(
                store,
                store.Kinds.Id("quantised"),
                own,
                [.. Enumerable.Range(0, length)
                    .Select(i => blocks[Math.Min(blockOf(i), blocks.Length - 1)])]);
        }));
    }
}
