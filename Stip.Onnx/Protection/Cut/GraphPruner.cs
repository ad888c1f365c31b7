using Stip.Onnx.Model;

namespace Stip.Onnx.Protection.Cut;

/// <summary>Takes the part of a graph that certain values need.</summary>
internal sealed class GraphPruner(GraphProto graph)
{
    private readonly Dictionary<string, NodeProto> _makers = graph.Node
        .SelectMany(node => node.Output.Where(output => output.Length > 0).Select(output => (output, node)))
        .ToDictionary(entry => entry.output, entry => entry.node, StringComparer.Ordinal);

    /// <summary>The same graph with some nodes exchanged.</summary>
    public GraphPruner Replacing(IReadOnlyDictionary<NodeProto, NodeProto> replaced)
    {
        var changed = new GraphProto { Name = graph.Name };
        changed.Initializer.Add(graph.Initializer);
        changed.ValueInfo.Add(graph.ValueInfo);
        changed.Node.Add(graph.Node.Select(node => replaced.GetValueOrDefault(node, node)));
        return new GraphPruner(changed);
    }

    /// <summary>Builds the graph that makes <paramref name="outputs"/> out of <paramref name="inputs"/>.</summary>
    /// <param name="name">Name of the graph.</param>
    /// <param name="inputs">What it is given; nothing behind them is taken along.</param>
    /// <param name="outputs">What it gives.</param>
    public GraphProto Take(string name, IReadOnlyList<ValueInfoProto> inputs, IReadOnlyList<ValueInfoProto> outputs)
    {
        var given = inputs.Select(input => input.Name).ToHashSet(StringComparer.Ordinal);
        var (needed, nodes) = Needed(given, outputs.Select(output => output.Name));
        var taken = new GraphProto { Name = name };
        taken.Node.Add(graph.Node.Where(nodes.Contains));
        taken.Initializer.Add(graph.Initializer.Where(tensor => needed.Contains(tensor.Name)));
        taken.Input.Add(inputs);
        taken.Output.Add(outputs);
        taken.ValueInfo.Add(graph.ValueInfo.Where(value => needed.Contains(value.Name) && !given.Contains(value.Name)));
        return taken;
    }

    /// <summary>Names that certain values depend on, themselves included, as far back as what is given.</summary>
    public (HashSet<string> Names, HashSet<NodeProto> Nodes) Needed(HashSet<string> given, IEnumerable<string> outputs)
    {
        var names = new HashSet<string>(outputs, StringComparer.Ordinal);
        var nodes = new HashSet<NodeProto>(ReferenceEqualityComparer.Instance);
        var queue = new Queue<string>(names);
        while (queue.TryDequeue(out var name))
        {
            if (given.Contains(name) || !_makers.TryGetValue(name, out var node) || !nodes.Add(node))
            {
                continue;
            }

            foreach (var read in OuterReads.Of(node).Where(names.Add))
            {
                queue.Enqueue(read);
            }
        }

        return (names, nodes);
    }
}
