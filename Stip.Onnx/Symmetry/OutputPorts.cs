using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Rules.Places;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Joins each output's labels over all positions into one node a feature: a feature keeps one place at every
/// position. A present cache shows the labels of its past input in the rows that were there before, which keeps both
/// in one layout.
/// </summary>
internal static class OutputPorts
{
    // Pixels of a picture whose size the graph fixes are features one by one up to so many.
    private const int MostCells = 1 << 16;

    /// <param name="part">The graph.</param>
    /// <param name="values">Its values.</param>
    /// <param name="pointing">Outputs that are indices, with what stands at the places that they point at.</param>
    /// <param name="store">Where nodes are made.</param>
    /// <param name="sizes">Lengths of free axes.</param>
    /// <param name="cuts">Is given cells that are numbers.</param>
    /// <param name="isJoined">True for outputs that other graphs take.</param>
    public static List<LabelledPort> Join(
        GraphPart part,
        Scope values,
        IReadOnlyDictionary<string, int[][]> pointing,
        NodeStore store,
        ProbeSizes sizes,
        LengthCuts cuts,
        Func<string, bool> isJoined)
    {
        var ports = new List<LabelledPort>();
        foreach (var output in part.Graph.Output)
        {
            var value = values.Find(output.Name)
                ?? throw new RefusedException($"output '{output.Name}' of the graph is made by no node");
            if (pointing.TryGetValue(output.Name, out var places))
            {
                ports.Add(Pointing(part.Key, output, places, store));
            }
            else if (value is not KnownValue)
            {
                var features = FeatureAxes(part, output, value, store, sizes);
                if (!part.IsClient && !isJoined(output.Name)
                    && Shapes.Count(Array.ConvertAll(features, axis => value.Shape[axis])) > MostCells)
                {
                    features = [.. features.Where(axis => !IsOfPlaces(value, axis))];
                }

                ports.Add(Join(part, output, value, store, features, cuts) with
                {
                    Rank = value.Rank,
                    ArePairs = !features.Any(axis => AreFeatures(store, value, axis))
                        && PairScores.Are(part.Graph, output.Name),
                });
            }
        }

        return ports;
    }

    // An index has no features; its numbers are what moves, alike at every position.
    private static LabelledPort Pointing(string part, ValueInfoProto output, int[][] places, NodeStore store)
    {
        var kind = store.Kinds.Id($"output {part}.{output.Name}");
        var nodes = CellWise.Fresh(store, kind, [.. places.DistinctBy(place => place, SameLabels.Instance)]);
        return new LabelledPort(output.Name, [], [nodes.Length], nodes);
    }

    private static LabelledPort Join(
        GraphPart part, ValueInfoProto output, Value value, NodeStore store, int[] features, LengthCuts cuts)
    {
        var kind = store.Kinds.Id($"output {part.Key}.{output.Name}");
        if (value is FeatureMapValue map && features.Contains(1)
            && features.All(axis => axis == 1 || map.Shape[axis] == 1))
        {
            // A channel is the same at all places that are alike.
            int[][] columns = [.. map.Columns.DistinctBy(column => column, SameLabels.Instance)];
            var channels = CellWise.Fresh(store, kind, columns);
            return new LabelledPort(
                output.Name, features, Array.ConvertAll(features, axis => map.Shape[axis]), channels);
        }

        if (value is PlacedValue mixed && UnmixedAxes.Of(mixed) is var placed && placed.Axes.Index().All(axis =>
            features.Contains(axis.Index) ? axis.Item.IsFeatures : axis.Item.IsPlaces))
        {
            var vectors = CellWise.Fresh(store, kind, placed.Labels);
            return new LabelledPort(
                output.Name, features, Array.ConvertAll(features, axis => value.Shape[axis]), vectors);
        }

        var (operands, shape) = ByPosition(WrittenOut(value), features);

        // Rows of a batch may have the same labels; once tells as much.
        operands = [.. operands.DistinctBy(operand => operand, SameLabels.Instance)];
        StillCells.Tie(store, operands, shape, cells => cuts.NoteStill($"{part.Key}.{output.Name}", cells));
        var order = new LaneAxis(store.Runs, shape, operands.Length == 0 ? [] : operands[0]);
        var nodes = order.Back(CellWise.Fresh(store, kind, Array.ConvertAll(operands, order.There)));
        return new LabelledPort(output.Name, features, shape, nodes);
    }

    // Positions stay where they are in any case.
    private static bool IsOfPlaces(Value value, int axis) => value switch
    {
        FeatureMapValue map => axis != 1 && map.Shape[axis] > 1,
        PlacedValue placed => placed.Axes[axis] is { IsPlaces: true, Length: > 1 },
        _ => false,
    };

    private static LabelValue WrittenOut(Value value) => value switch
    {
        FeatureMapValue map => map.WriteOut(),
        PlacedValue placed => placed.WriteOut(),
        WeightValue weight => weight.Weight.WriteOut(weight),
        _ => (LabelValue)value,
    };

    // The labels of all features, for every position.
    private static (int[][] Operands, int[] Shape) ByPosition(LabelValue value, int[] features)
    {
        var positions = Enumerable.Range(0, value.Rank).Where(axis => !features.Contains(axis)).ToArray();
        var groups = new AxisGroups(value.Shape, positions);
        var cells = groups.ToArray();
        int[][] operands = [.. Enumerable.Range(0, cells.Length == 0 ? 0 : cells[0].Length).Select(position =>
            Array.ConvertAll(cells, feature => value.Labels[feature[position]]))];
        return (operands, groups.DroppedShape);
    }

    private static int[] FeatureAxes(
        GraphPart part, ValueInfoProto output, Value value, NodeStore store, ProbeSizes sizes)
    {
        if (OfState(part, output, value, sizes) is { Length: > 0 } kept)
        {
            return kept;
        }

        var declared = output.Type?.TensorType?.Shape?.Dim;
        if (declared is null || declared.Count != value.Rank)
        {
            return value.Rank == 0 ? []
                : part.Sends.Contains(output.Name) ? [SentAxis.Of(part.Graph, output, value.Shape)]
                : [RisingAxis(value) is > 0 and var rising ? rising : value.Rank - 1];
        }

        // The last axis holds features even where the graph forgets its length, unless it is one number a token, or for
        // each pair of them, or one of two sides of a map, or labels go up along another axis that it forgets: features
        // that were turned.
        var isPerPair = value is LabelValue { Rank: > 2 } pairs && value.Shape[^1] == sizes.Sequence
            && value.Shape[^2] == sizes.Sequence && !sizes.IsFeature(declared[^2]) && !HasFeatures(store, pairs);
        var isPerToken = isPerPair || (value.Rank == 2 && value.Shape[1] == sizes.Sequence);
        var isMap = sizes.Picture > 0 && value.Rank > 3 && IsFree(value.Rank - 2) && IsFree(value.Rank - 1)
            && Enumerable.Range(1, value.Rank - 3).Any(axis => sizes.IsFeature(declared[axis]));
        if (!isPerPair && !declared.Any(sizes.IsFeature) && RisingAxis(value) is > 0 and var turned && IsFree(turned))
        {
            return [turned];
        }

        return [.. Enumerable.Range(0, value.Rank).Where(axis => sizes.IsFeature(declared[axis])
            || (axis == value.Rank - 1 && !isPerToken && !isMap && IsFree(axis)))];

        bool IsFree(int axis) => !sizes.IsFeature(declared[axis]) && !sizes.IsPosition(declared[axis])
            && !sizes.IsCounted(declared[axis]);
    }

    // What a matrix makes goes up along its axis, the last one or the one before.
    private static bool HasFeatures(NodeStore store, LabelValue value) =>
        AreFeatures(store, value, value.Rank - 2) || AreFeatures(store, value, value.Rank - 1);

    private static bool AreFeatures(NodeStore store, Value value, int axis)
    {
        if (value is not LabelValue cells || value.Shape[axis] < 2)
        {
            return value is not LabelValue && !IsOfPlaces(value, axis) && value.Shape[axis] > 1;
        }

        var (stride, length) = (Shapes.Strides(cells.Shape)[axis], cells.Shape[axis]);
        return 2 * Enumerable.Range(0, cells.Labels.Length)
            .Count(cell => cell / stride % length > 0 && store.Runs.GoesOn(cells.Labels, cell, 0, stride))
            > cells.Labels.Length * (length - 1) / length;
    }

    // What goes back in has its features where it had them.
    private static int[] OfState(GraphPart part, ValueInfoProto output, Value value, ProbeSizes sizes)
    {
        var past = part.States.FirstOrDefault(state => state.Present == output.Name).Past;
        var axes = part.Graph.Input.FirstOrDefault(input => input.Name == past)?.Type?.TensorType?.Shape?.Dim;
        return axes?.Count != value.Rank
            ? []
            : [.. Enumerable.Range(0, value.Rank).Where(axis => sizes.IsFeature(axes[axis]))];
    }

    // The axis along which most labels follow one another, as those of features do; 0 where there are no other axes
    // than rows and features.
    private static int RisingAxis(Value value)
    {
        if (value is not LabelValue { Rank: > 2 } cells)
        {
            return 0;
        }

        var strides = Shapes.Strides(cells.Shape);
        return Enumerable.Range(1, cells.Rank - 1).Reverse().MaxBy(axis => Enumerable.Range(0, cells.Labels.Length)
            .Count(cell => cell / strides[axis] % cells.Shape[axis] > 0
                && cells.Labels[cell] == cells.Labels[cell - strides[axis]] + 1));
    }
}
