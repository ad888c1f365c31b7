using System.Runtime.InteropServices;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Cells;
using Stip.Onnx.Symmetry.Rules.Layout;
using Stip.Onnx.Symmetry.Rules.Matrices;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Convolutions;

/// <summary>
/// Follows pictures through convolutions, pools and functions of single cells without a node for every place: places
/// with the same surroundings are worked out once.
/// </summary>
internal static class FeatureMapSteps
{
    private static readonly HashSet<string> ByCell = [.. new ElementwiseRule().Operators];

    // Places whose surroundings are looked at one by one.
    private const int MostSites = 1 << 17;

    /// <summary>The output of an operator that does the same at every place, or null where places must be told apart
    /// for it, or are so many that looking at each is much.</summary>
    /// <remarks>Borders reach further in with every kernel, so that in a deep network places are of ever more kinds: of
    /// many a vector over all places is less.</remarks>
    public static Value? Follow(OperatorCall call) =>
        !call.Inputs.Any(input => input is FeatureMapValue) || !call.Indices.IsEmpty || call.Wants(1)
            || call.Inputs.Any(input => input is FeatureMapValue { Sites.Length: > MostSites })
            ? null
            : Step(call) switch
            {
                FeatureMapValue made when made.Columns.Length > call.Store.MostPlaces => PlacedValue.Of(made),
                var made => made,
            };

    private static Value? Step(OperatorCall call) => call.Operation switch
    {
        "Identity" or "Dropout" or "Cast" => call.Input(0),
        "Shape" => Sized(call),
        "Conv" or "com.microsoft.FusedConv" => Convolved(call),
        "MaxPool" or "AveragePool" or "LpPool" => Pooled(call),
        "BatchNormalization" => ByPlace(call, call.Kind(), [
            call.Input(0),
            .. Enumerable.Range(1, 4).Select(i => ConvRule.PerChannel(call.Input(i), call.Input(0).Rank))]),
        _ when ByCell.Contains(call.Operation) => ByPlace(
            call, call.Kind(), [.. ElementwiseRule.Summands(call)], ElementwiseRule.Commutes(call)),
        _ => null,
    };

    private static Value? Sized(OperatorCall call)
    {
        new ShapeRule().Apply(call);
        return call.Outputs[0];
    }

    private static FeatureMapValue? Convolved(OperatorCall call)
    {
        if (call.Input(0) is not FeatureMapValue map || call.Optional(3) is not (null or FeatureMapValue)
            || call.Input(1) is not WeightValue kernel || !kernel.Axes[0].IsIndexed)
        {
            return null;
        }

        var windows = Windows.Of(call, map.Shape[2..], kernel.Shape[2..]);
        var (sites, seen) = Distinct(windows.Cells.Length, place => Under(map, windows.Cells[place]));
        var (groups, frame) = ((int)call.Integer("group", 1), Frame(map, windows));
        int[] none = [.. Enumerable.Repeat(call.Store.Constant(0), map.Shape[1])];
        int[][] columns = [.. seen.Select(under => ConvRule.Column(
            call, Array.ConvertAll(under, site => site < 0 ? none : map.Columns[site]), kernel, groups, frame))];
        var add = call.Store.Kinds.Id("Add");
        FeatureMapValue? result = Made(map, windows.Shape, sites, columns);
        if (call.Optional(2) is { } bias)
        {
            result = ByPlace(call, add, [result, ConvRule.PerChannel(bias, result.Rank)], commutes: true);
        }

        if (result is not null && call.Optional(3) is { } added)
        {
            result = ByPlace(call, add, [result, added], commutes: true);
        }

        return result is not null && FusedActivation.KindOf(call) is { } activation
            ? ByPlace(call, activation, [result])
            : result;
    }

    private static FeatureMapValue? Pooled(OperatorCall call)
    {
        if (call.Input(0) is not FeatureMapValue map)
        {
            return null;
        }

        int[] kernel = [.. call.Integers("kernel_shape")!.Select(length => (int)length)];
        var windows = Windows.Of(call, map.Shape[2..], kernel);
        var (sites, seen) = Distinct(windows.Cells.Length, place => Under(map, windows.Cells[place]));
        var kind = call.Kind(Frame(map, windows));
        return Made(map, windows.Shape, sites, [.. seen.Select(under => CellWise.Unordered(
            call.Store, kind, [.. under.Where(site => site >= 0).Select(site => map.Columns[site])]))]);
    }

    // Operands are maps of one shape, and vectors with a number for every channel or one for all.
    private static FeatureMapValue? ByPlace(OperatorCall call, int kind, Value[] operands, bool commutes = false)
    {
        FeatureMapValue[] maps = [.. operands.OfType<FeatureMapValue>()];
        var shape = maps[0].Shape;
        if (Array.Exists(maps, map => !map.Shape.AsSpan().SequenceEqual(shape))
            || !Array.TrueForAll(operands, operand => operand is FeatureMapValue || IsByChannel(operand, shape)))
        {
            return null;
        }

        int[][] given = Array.ConvertAll(operands, operand =>
            operand is FeatureMapValue ? [] : call.Labels(operand).Labels);
        var (sites, seen) = Distinct(
            maps[0].Sites.Length, place => Array.ConvertAll(maps, map => map.Sites[place]));
        var channels = Math.Max(shape[1], given.Max(labels => labels.Length));
        var crossed = operands.Count(operand => operand.Count != Shapes.Count(shape) / shape[1] * channels) > 1;
        return Made(maps[0], shape[2..], sites, [.. seen.Select(Column)]);

        int[] Column(int[] at)
        {
            var next = 0;
            int[][] labels = [.. operands.Select((operand, i) =>
                operand is FeatureMapValue map ? map.Columns[at[next++]] : given[i])];
            return commutes && !crossed
                ? CellWise.Unordered(call.Store, kind, labels)
                : CellWise.Ordered(call.Store, kind, labels);
        }
    }

    private static bool IsByChannel(Value operand, int[] shape)
    {
        if (operand is not (LabelValue or KnownValue or WeightValue) || operand.Rank > shape.Length)
        {
            return false;
        }

        var first = shape.Length - operand.Rank;
        return operand.Shape.Index().All(axis => axis.Item == 1
            || (axis.Index + first == 1 && (axis.Item == shape[1] || shape[1] == 1)));
    }

    private static FeatureMapValue Made(FeatureMapValue map, int[] places, int[] sites, int[][] columns) =>
        new(map.Store, [map.Shape[0], columns[0].Length, .. places], sites, columns)
        {
            HasAlikeRows = map.HasAlikeRows,
        };

    // Where what is under a window is: two that look alike are at different places of their pictures where they move
    // over them in another way.
    private static string Frame(FeatureMapValue map, Windows windows) =>
        $"over [{string.Join(',', map.Shape[2..])}] to [{string.Join(',', windows.Shape)}] ";

    private static int[] Under(FeatureMapValue map, int[] cells) =>
        Array.ConvertAll(cells, cell => cell < 0 ? -1 : map.Sites[cell]);

    // Places with the same key get the same number; the keys in the order of the numbers.
    private static (int[] Sites, List<int[]> Keys) Distinct(int places, Func<int, int[]> keyOf)
    {
        var (sites, keys) = (new int[places], new List<int[]>());
        var known = new Dictionary<int[], int>(SameLabels.Instance);
        for (var place = 0; place < places; place++)
        {
            var key = keyOf(place);
            if (place > 0 && keys[sites[place - 1]].AsSpan().SequenceEqual(key))
            {
                sites[place] = sites[place - 1];
                continue;
            }

            ref var site = ref CollectionsMarshal.GetValueRefOrAddDefault(known, key, out var isKnown);
            if (!isKnown)
            {
                site = keys.Count;
                keys.Add(key);
            }

            sites[place] = site;
        }

        return (sites, keys);
    }
}
