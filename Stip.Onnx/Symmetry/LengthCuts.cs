using Stip.Onnx.Model;

namespace Stip.Onnx.Symmetry;

/// <summary>
/// Where weights are cut at places that were computed from shapes. Exporters also compute what never changes, such as a
/// third of the features; a cut that is the same under other lengths does not depend on them. So it is with cells of
/// outputs that are numbers.
/// </summary>
/// <param name="steady">Nodes whose cuts are known to be the same under all lengths.</param>
/// <param name="steadyOutputs">Outputs of which the same cells are numbers under all lengths.</param>
internal sealed class LengthCuts(IReadOnlySet<NodeProto>? steady = null, IReadOnlySet<string>? steadyOutputs = null)
{
    private readonly Dictionary<NodeProto, string> _cuts = new(ReferenceEqualityComparer.Instance);

    private readonly Dictionary<string, int[]> _still = new(StringComparer.Ordinal);

    /// <summary>True where no cut depended on a shape, and no output has cells that are numbers.</summary>
    public bool IsEmpty => _cuts.Count == 0 && _still.Count == 0;

    /// <summary>Notes a cut.</summary>
    /// <param name="node">The node.</param>
    /// <param name="indices">What is left along the axes that it cuts.</param>
    /// <returns>True where it may hang on lengths.</returns>
    public bool Note(NodeProto node, IEnumerable<int> indices)
    {
        if (steady?.Contains(node) == true)
        {
            return false;
        }

        // A node in a loop may cut in several ways.
        _cuts[node] = $"{_cuts.GetValueOrDefault(node)};{string.Join(',', indices)}";
        return true;
    }

    /// <summary>Notes cells of an output that are numbers beside others that are not.</summary>
    /// <returns>True where others may be at other lengths.</returns>
    public bool NoteStill(string output, int[] cells)
    {
        if (steadyOutputs?.Contains(output) == true)
        {
            return false;
        }

        _still[output] = cells;
        return true;
    }

    /// <summary>The outputs of which the same cells are numbers in another run.</summary>
    public IReadOnlySet<string> StillAs(LengthCuts other) => _still
        .Where(cells => other._still.TryGetValue(cells.Key, out var same) && same.AsSpan().SequenceEqual(cells.Value))
        .Select(cells => cells.Key).ToHashSet(StringComparer.Ordinal);

    /// <summary>The nodes that cut alike in another run.</summary>
    public IReadOnlySet<NodeProto> SameAs(LengthCuts other) => _cuts
        .Where(cut => other._cuts.TryGetValue(cut.Key, out var same) && same == cut.Value).Select(cut => cut.Key)
        .ToHashSet<NodeProto>(ReferenceEqualityComparer.Instance);
}
