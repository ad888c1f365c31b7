using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Values;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Joins each output's labels over all positions into one node a feature: a feature keeps one place at every
/// position. A
/// present cache shows the labels of its past input in the rows that were there before, which keeps both in one layout.
/// </summary>
internal static class OutputPorts
{
    public static List<LabelledPort> Join(GraphPart part, Dictionary<string, Value> values, NodeStore store)
    {
        var ports = new List<LabelledPort>();
        foreach (var output in part.Graph.Output)
        {
            if (!values.TryGetValue(output.Name, out var value))
            {
                throw new RefusedException($"output '{output.Name}' of the graph is made by no node");
            }

            if (value is LabelValue labels)
            {
                ports.Add(Join(part.Key, output, labels, store));
            }
        }

        return ports;
    }

    private static LabelledPort Join(string part, ValueInfoProto output, LabelValue value, NodeStore store)
    {
        var features = FeatureAxes(output, value);
        var positions = Enumerable.Range(0, value.Rank).Where(axis => !features.Contains(axis)).ToArray();
        var groups = new AxisGroups(value.Shape, positions);
        var kind = store.Kinds.Id($"output {part}.{output.Name}");
        var cells = groups.ToArray();
        int[][] operands = [.. Enumerable.Range(0, cells.Length == 0 ? 0 : cells[0].Length).Select(position =>
            Array.ConvertAll(cells, feature => value.Labels[feature[position]]))];
        var nodes = CellWise.Fresh(store, kind, operands);
        return new LabelledPort(output.Name, features, groups.DroppedShape, nodes);
    }

    private static int[] FeatureAxes(ValueInfoProto output, LabelValue value)
    {
        var declared = output.Type?.TensorType?.Shape?.Dim;
        if (declared is null || declared.Count != value.Rank)
        {
            return [value.Rank - 1];
        }

        // The last axis holds features even where the graph forgets its length.
        return [.. Enumerable.Range(0, value.Rank)
            .Where(axis => ProbeSizes.IsFixed(declared[axis]) || axis == value.Rank - 1)];
    }
}
