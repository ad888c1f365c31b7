using Stip.Onnx.Model;
using Stip.Onnx.Symmetry.Ports;
using Offsets = System.Collections.Generic.Dictionary<string, long>;

namespace Stip.Onnx.Protection.Cut;

/// <summary>How far the numbers of an integer input may go: rows of the tables that they index.</summary>
internal static class InputLimits
{
    /// <summary>By input; inputs that index nothing are left out.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="constants">Its constants.</param>
    /// <param name="uses">What positions and lengths among its inputs are: places are counted from those.</param>
    public static Dictionary<string, long> Find(GraphProto graph, Constants constants, PortUses? uses = null)
    {
        var types = new ValueTypes(graph);
        var reach = graph.Input.ToDictionary(
            input => input.Name,
            input => new Offsets(StringComparer.Ordinal) { [input.Name] = 0 },
            StringComparer.Ordinal);
        var limits = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var node in graph.Node)
        {
            if (Lookups.IndexOf(node, constants) is { } index)
            {
                // Scales of a packed table keep its rows where the table itself is reshaped.
                var table = Lookups.IsEmbedding(node) || node.OpType == "GatherBlockQuantized" ? node.Input[2]
                    : node.Input[0];
                Lower(limits, reach.GetValueOrDefault(index), types.TensorShape(table)?[0]);
                if (Lookups.IsEmbedding(node) && node.Input[1].Length > 0)
                {
                    Lower(limits, reach.GetValueOrDefault(node.Input[1]), types.TensorShape(node.Input[4])?[0]);
                }
            }
            else if (node.OpType is "Cast" or "Identity" or "Reshape" or "Unsqueeze" or "Squeeze"
                && reach.TryGetValue(node.Input[0], out var sources))
            {
                reach[node.Output[0]] = sources;
            }
            else if (node.OpType is "Add" && Places(node, reach, uses, constants, types) is { Count: > 0 } places)
            {
                reach[node.Output[0]] = places;
            }
        }

        return limits;
    }

    // Counts and lengths that are added begin at 0, and so does a constant whose number is not known: it leaves no more
    // than all rows of the table.
    private static Offsets Places(
        NodeProto sum, Dictionary<string, Offsets> reach, PortUses? uses, Constants constants, ValueTypes types)
    {
        var places = new Offsets(StringComparer.Ordinal);
        for (var i = 0; i < sum.Input.Count; i++)
        {
            var other = sum.Input[sum.Input.Count - 1 - i];
            var number = constants.Has(other) ? AddedNumbers.Least(types, other) ?? 0 : 0;
            foreach (var (name, offset) in reach.GetValueOrDefault(sum.Input[i]) ?? [])
            {
                if (uses?[name] is PortUse.Position or PortUse.Past)
                {
                    places[name] = Math.Max(places.GetValueOrDefault(name, long.MinValue), offset + number);
                }
            }
        }

        return places;
    }

    private static void Lower(Dictionary<string, long> limits, Offsets? inputs, long? rows)
    {
        foreach (var (input, offset) in inputs ?? [])
        {
            if (rows - offset is { } count and > 0)
            {
                limits[input] = Math.Min(limits.GetValueOrDefault(input, long.MaxValue), count);
            }
        }
    }
}
