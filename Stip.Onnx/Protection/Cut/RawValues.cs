using Stip.Onnx.Model;
using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Protection.Cut;

/// <summary>After which operators a value can still be read off: all but those that compare, count or sum up.
/// </summary>
internal static class RawValues
{
    private const int MostColours = 4;

    // Moments of a series that one number stands for.
    private const int FewMoments = 16;

    // Bands of a sound; words of a language are more.
    private const int MostBands = 256;

    // Special words that a mask may be made of.
    private const int MostChosen = 16;

    private static readonly HashSet<string> Moved = new(StringComparer.Ordinal)
    {
        "Cast", "Identity", "Reshape", "Unsqueeze", "Squeeze", "Flatten", "Transpose", "Slice",
    };

    // Picks cells of their first input by others.
    private static readonly HashSet<string> Picks = new(StringComparer.Ordinal)
    {
        "Gather", "GatherElements", "GatherND", "Compress",
    };

    private static readonly HashSet<string> Compares = new(StringComparer.Ordinal)
    {
        "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Not", "And", "Or", "Xor", "IsNaN", "IsInf",
    };

    private static readonly HashSet<string> Counts = new(StringComparer.Ordinal)
    {
        "Shape", "Size", "NonZero", "ArgMax", "ArgMin",
    };

    /// <summary>True where the first output is the first input in another shape, or a part of it.</summary>
    public static bool Keeps(NodeProto node) =>
        Moved.Contains(node.OpType) && node.Input.Count > 0 && node.Output.Count > 0;

    /// <summary>True where the outputs may tell values of <paramref name="raw"/>. Roots, pools and roundings tell them
    /// as sums with a constant do, and so do numbers that are looked up: what is not known to take them away is taken
    /// to tell them.</summary>
    public static bool Tells(NodeProto node, IReadOnlySet<string> raw, ValueTypes types) =>
        OuterReads.Of(node).Any(raw.Contains)
        && (!Compares.Contains(node.OpType) || ComparesWithMany(node, raw, types)) && !Counts.Contains(node.OpType)
        && !(Picks.Contains(node.OpType) && !raw.Contains(node.Input[0]) && types.AreSwitches(node.Input[0]))
        && !(node.OpType.StartsWith("Reduce", StringComparison.Ordinal) && LeavesNoPlace(node, raw, types));

    // With every word, along an axis that what is raw has not: which one is equal is the word.
    private static bool ComparesWithMany(NodeProto node, IReadOnlySet<string> raw, ValueTypes types) =>
        node.Input.Where(name => !raw.Contains(name)).Any(other => types.TensorShape(other) is { } list
            ? list.Aggregate(1L, (product, length) => product * length) > MostChosen
            : types.ShapeOf(other)?.Dim is { Count: > 0 } many && node.Input.Where(raw.Contains).Any(name =>
                types.ShapeOf(name)?.Dim is { } own && many.Reverse().Index().Any(axis => IsMany(axis.Item)
                    && (axis.Index >= own.Count || own[own.Count - 1 - axis.Index].DimValue == 1))));

    private static bool IsMany(TensorShapeProto.Types.Dimension axis) =>
        !ProbeSizes.IsFixed(axis) || axis.DimValue > MostChosen;

    // Sums over all places, or over a free axis where only fixed ones are left: one number for a text, one for each
    // colour, or the mean of each band or of each channel of a long series. The batch comes first.
    private static bool LeavesNoPlace(NodeProto node, IReadOnlySet<string> raw, ValueTypes types)
    {
        if (types.AxesOf(node) is not { } axes)
        {
            return false;
        }

        if (axes.Count == 0)
        {
            return node.Attribute.All(attribute => attribute is not { Name: "noop_with_empty_axes", I: not 0 });
        }

        if (types.ShapeOf(node.Input[0])?.Dim is not { Count: > 1 } shape)
        {
            return false;
        }

        var isGone = shape.Select((_, axis) => axes.Contains(axis) || axes.Contains(axis - shape.Count)).ToArray();
        var gone = shape.Where((_, axis) => axis > 0 && isGone[axis]).ToArray();
        var left = shape.Where((_, axis) => axis > 0 && !isGone[axis]).ToArray();
        var sums = new EvenSums(raw, types, shape, isGone);
        return gone.Any(axis => axis.DimValue != 1) && left.All(ProbeSizes.IsFixed)
            && ((left.All(axis => axis.DimValue <= MostColours) && !sums.HaveWeights(node))
                || (sums.AreKnown(node) && left.All(axis => axis.DimValue <= MostBands)
                    && (gone.All(ProbeSizes.IsFixed)
                        ? IsOverMoments(isGone, gone, left)
                        : Product(left) <= (sums.Channels ?? MostBands)))); // else of parts of the time
    }

    // Time comes before channels.
    private static bool IsOverMoments(
        bool[] isGone, TensorShapeProto.Types.Dimension[] gone, TensorShapeProto.Types.Dimension[] left)
    {
        var (moments, channels) = (Product(gone), Product(left));
        return moments >= FewMoments && moments > channels
            && Array.FindLastIndex(isGone, one => one) < Array.FindIndex(isGone, 1, one => !one);
    }

    private static long Product(TensorShapeProto.Types.Dimension[] axes) =>
        axes.Aggregate(1L, (product, axis) => product * axis.DimValue);
}
