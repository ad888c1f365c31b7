using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry.Rules.Places;

/// <summary>Brings what meets a <see cref="PlacedValue"/> into its form.</summary>
internal static class PlacedOperands
{
    /// <summary>An operand as vectors over positions; null where its axes do not go with those.</summary>
    /// <param name="call">The operator.</param>
    /// <param name="operand">Of a shape that can be stretched to that of the axes, or to which they can.</param>
    /// <param name="axes">What is along each axis, counted from the last.</param>
    public static PlacedValue? Like(OperatorCall call, Value operand, PlacedAxis[] axes)
    {
        if (operand is PlacedValue placed)
        {
            return placed.Rank <= axes.Length && placed.Axes.Index().All(axis => axis.Item.Length == 1
                || axes[axis.Index + axes.Length - placed.Rank] is var other
                    && (other.Length == 1 || axis.Item.Is(other))) ? placed : null;
        }

        if (operand.Rank > axes.Length || operand is not (KnownValue or WeightValue or LabelValue)
            || Own(operand, axes) is not { } own)
        {
            return null;
        }

        return Array.TrueForAll(own, axis => axis.IsFeatures)
            ? new PlacedValue(call.Store, own, call.Labels(operand).Labels)
            : operand switch
            {
                KnownValue { IsRuntime: false } known => Numbers(call.Store, known, own),
                WeightValue weight when IsSeenWhole(weight, own) => Held(call.Store, weight, own),
                _ => Stacked(call.Store, call.Labels(operand), own),
            };
    }

    /// <summary>A tensor whose cells are there one by one, as vectors over positions.</summary>
    /// <param name="store">Where the labels are from.</param>
    /// <param name="cells">The tensor.</param>
    /// <param name="features">Its axis of features.</param>
    /// <returns>The tensor as it is where positions are few, or features not what they seem.</returns>
    public static Value OfRows(NodeStore store, LabelValue cells, int features)
    {
        PlacedAxis[] axes = [.. cells.Shape.Select((length, axis) =>
            axis == features ? PlacedAxis.OfFeatures(length) : PlacedAxis.OfPlaces(length))];
        if (cells.Count == 0 || cells.Count / cells.Shape[features] <= store.MostPlaces)
        {
            return cells;
        }

        int[] labels = Array.ConvertAll(Cells(axes, ofPlaces: false), cell => cells.Labels[cell]);
        if (2 * Enumerable.Range(1, labels.Length - 1).Count(i => store.Runs.GoesOn(labels, i)) < labels.Length)
        {
            return cells;
        }

        var (batch, rows) = (cells.Shape[0], cells.Count / cells.Shape[0]);
        var areAlike = features > 0 && Enumerable.Range(1, batch - 1).All(row =>
            cells.Labels.AsSpan(row * rows, rows).SequenceEqual(cells.Labels.AsSpan(0, rows)));
        return Stacked(store, cells, axes) with { AlikeRows = areAlike ? batch : 1 };
    }

    /// <summary>Which positions an operator's operands have along each axis.</summary>
    public static string Layout(params IEnumerable<PlacedValue> operands) =>
        string.Join(';', operands.Select(operand => string.Join(',', operand.Layout)));

    /// <summary>How many rows of a batch an operator gives that are alike, where it does with each what it does with
    /// the others.</summary>
    /// <param name="axes">What is along the axes of its output.</param>
    /// <param name="operands">What it takes; one of fewer axes counts from the last.</param>
    public static int AlikeRows(PlacedAxis[] axes, params IEnumerable<PlacedValue> operands)
    {
        int[] rows = [.. operands
            .Where(operand => operand.Rank == axes.Length && axes.Length > 0 && operand.Axes[0].Places > 1)
            .Select(operand => operand.Axes[0].Is(axes[0]) ? operand.AlikeRows : 1).Distinct()];
        return rows.Length == 1 && axes[0].Places % rows[0] == 0 ? rows[0] : 1;
    }

    private static PlacedAxis[]? Own(Value operand, PlacedAxis[] axes)
    {
        var own = new PlacedAxis[operand.Rank];
        for (var i = 0; i < own.Length; i++)
        {
            var (length, axis) = (operand.Shape[i], axes[i + axes.Length - own.Length]);
            if (length != 1 && axis.Length != 1 && length != axis.Length)
            {
                return null;
            }

            own[i] = length == 1 ? PlacedAxis.Single
                : length == axis.Length ? axis : PlacedAxis.OfFeatures(length);
        }

        return own;
    }

    private static bool IsSeenWhole(WeightValue weight, PlacedAxis[] axes) => axes.Index().All(axis =>
        axis.Item.IsFeatures || (axis.Item.IsPlaces && IsWhole(weight.Axes[axis.Index])));

    private static bool IsWhole(WeightAxis axis) => axis.Derived is null && (axis.Source < 0 || axis.Picked is null
        || axis.Picked.AsSpan().SequenceEqual(AxisPick.All(0, axis.Weight.Shape[axis.Source]).Indices));

    // What positions find in a weight is a vector too; they never trade places.
    private static PlacedValue Held(NodeStore store, WeightValue weight, PlacedAxis[] axes)
    {
        foreach (var axis in Enumerable.Range(0, axes.Length).Where(axis => axes[axis].Places > 1))
        {
            _ = weight.Axes[axis].Nodes;
            weight.Axes[axis].Pin("read by position");
        }

        var features = new WeightValue(
            Array.ConvertAll(axes, axis => axis.Features),
            weight.Weight,
            [.. weight.Axes.Select((axis, i) => axes[i].Places > 1 ? new WeightAxis(weight.Weight, -1) : axis)])
        {
            Fixed = weight.Fixed,
        };
        var labels = weight.Weight.WriteOut(features);
        var kind = store.Kinds.Id($"weight by position {string.Join(',', weight.Axes.Select(axis => axis.Source))} "
            + string.Join(',', axes.Select(axis => axis.Places)));
        return new PlacedValue(store, axes, PlacedValue.Each(store, kind, labels));
    }

    // A vector of numbers is a number of its own.
    private static PlacedValue Numbers(NodeStore store, KnownValue known, PlacedAxis[] axes)
    {
        var labels = new List<int>();
        var places = Cells(axes, ofPlaces: true);
        foreach (var feature in Cells(axes, ofPlaces: false))
        {
            double[] numbers = Array.ConvertAll(places, place => known.Numbers[place + feature]);
            labels.Add(numbers.AsSpan().ContainsAnyExcept(numbers[0])
                ? store.Ordered(store.Kinds.Id($"numbers {PlacedValue.Digest<double>(numbers)}"))
                : store.Constant(numbers[0]));
        }

        return new PlacedValue(store, axes, [.. labels]);
    }

    // Cells that are there one by one, as the vector of them.
    private static PlacedValue Stacked(NodeStore store, LabelValue cells, PlacedAxis[] axes)
    {
        var (kind, places, features) = (
            store.Kinds.Id("stacked"), Cells(axes, ofPlaces: true), Cells(axes, ofPlaces: false));
        if (features.Length == 1)
        {
            return new PlacedValue(
                store, axes, [store.Ordered(kind, Array.ConvertAll(places, place => cells.Labels[place]))]);
        }

        int[][] operands = Array.ConvertAll(
            places, place => Array.ConvertAll(features, feature => cells.Labels[place + feature]));
        int[] shape = Array.ConvertAll(axes, axis => axis.Features);
        var order = new LaneAxis(store.Runs, shape, operands[0]);
        var stacked = CellWise.Ordered(store, kind, Array.ConvertAll(operands, order.There));
        return new PlacedValue(store, axes, order.Back(stacked));
    }

    // Where the positions are, or the features: the cell of both is the sum.
    private static int[] Cells(PlacedAxis[] axes, bool ofPlaces)
    {
        PlacedFactor[] factors = [.. axes.SelectMany(axis => axis.Factors)];
        var strides = Shapes.Strides(Array.ConvertAll(factors, factor => factor.Length));
        int[] kept = [.. Enumerable.Range(0, factors.Length).Where(i => factors[i].IsPlace == ofPlaces)];
        return Shapes.Walk(Array.ConvertAll(kept, i => factors[i].Length), Array.ConvertAll(kept, i => strides[i]));
    }
}
