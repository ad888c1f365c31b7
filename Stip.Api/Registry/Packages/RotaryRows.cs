namespace Stip.Api.Registry.Packages;

/// <summary>How many positions the rotary tables of a graph have: a session that went beyond them would fail in the
/// runtime.</summary>
internal static class RotaryRows
{
    /// <summary>Rows of the shortest table; null where the graph has none, or computes them.</summary>
    /// <param name="graph">Branches are left out: a table of a branch need not hold every position.</param>
    public static ulong? Shortest(GraphOutline graph)
    {
        // The sines stand behind the cosines.
        var tables = graph.Nodes.SelectMany(node => CosinesOf(node) is { } place ? node.Inputs.Skip(place).Take(2) : [])
            .ToHashSet(StringComparer.Ordinal);

        // Some exporters hold weights in nodes.
        return graph.Tensors
            .Concat(graph.Nodes.Where(node => node is { Type: "Constant", Outputs.Count: > 0 })
                .SelectMany(node => node.Attributes.Where(attribute => attribute.Tensor is not null)
                    .Select(attribute => (Name: node.Outputs[0], Lengths: attribute.Tensor!))))
            .Where(held => held.Lengths.Count == 2 && tables.Contains(held.Name))
            .Select(held => (ulong?)held.Lengths[0]).Min();
    }

    private static int? CosinesOf(NodeOutline node) => (node.Domain, node.Type) switch
    {
        ("com.microsoft", "GroupQueryAttention") => 7,
        ("com.microsoft", "RotaryEmbedding") => 2,
        (_, "RotaryEmbedding") => 1,
        _ => null,
    };
}
