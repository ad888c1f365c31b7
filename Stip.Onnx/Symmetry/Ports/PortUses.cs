using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry.Ports;

/// <summary>
/// Tells what masks, positions and lengths among the inputs of a graph are, by what the graph does with them. Words in
/// their names are asked where that is nothing, or not enough to go by.
/// </summary>
internal sealed class PortUses
{
    private readonly Dictionary<string, PortUse> _uses = new(StringComparer.Ordinal);

    /// <param name="graph">The whole graph.</param>
    /// <param name="functions">Functions that its nodes may call.</param>
    public PortUses(GraphProto graph, IEnumerable<FunctionProto>? functions = null)
    {
        var weights = graph.Initializer.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        ValueInfoProto[] inputs = [.. graph.Input.Where(input => !weights.Contains(input.Name))];
        var walk = new PortWalk(graph, inputs, functions ?? []);
        foreach (var input in inputs)
        {
            _uses[input.Name] = UseOf(input, walk);
        }
    }

    /// <summary>The use of an input; of any other name what its words say.</summary>
    public PortUse this[string name] =>
        _uses.TryGetValue(name, out var use) ? use : PortWords.UseOf(name);

    private static PortUse UseOf(ValueInfoProto input, PortWalk walk)
    {
        var words = PortWords.UseOf(input.Name);
        var (marks, slot) = (walk.MarksOf(input.Name), walk.SlotOf(input.Name));
        if (ElementTypes.AreQuantities(input))
        {
            // Floats that meet scores, and no weight, are added to them.
            return words == PortUse.Mask || slot == PortUse.Mask
                || (marks.HasFlag(PortMarks.Scored) && !marks.HasFlag(PortMarks.Added))
                ? PortUse.Mask
                : PortUse.Unknown;
        }

        var turns = marks.HasFlag(PortMarks.Turns) && !marks.HasFlag(PortMarks.Added);
        return slot != PortUse.Unknown ? slot
            : turns ? PortUse.Position
            : words != PortUse.Unknown ? words
            : marks.HasFlag(PortMarks.Added) ? PortUse.Unknown
            : marks.HasFlag(PortMarks.Picks) ? PortUse.Place
            : marks.HasFlag(PortMarks.Ordered) ? PortUse.Position
            : (marks & (PortMarks.Weighs | PortMarks.Scored)) != 0 ? PortUse.Mask
            : PortUse.Unknown;
    }
}
