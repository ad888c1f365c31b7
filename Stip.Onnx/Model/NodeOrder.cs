using Stip.Onnx.Symmetry;

namespace Stip.Onnx.Model;

/// <summary>
/// Brings nodes of a graph into an order in which each comes after what it reads. The specification asks for one, but
/// converters to float16 write the casts of inputs behind all other nodes, and ONNX Runtime takes that.
/// </summary>
internal static class NodeOrder
{
    /// <summary>Leaves a graph as it is whose nodes are in order, or that has none because nodes read each other.
    /// </summary>
    public static void Sort(GraphProto graph)
    {
        var makers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (place, node) in graph.Node.Index())
        {
            foreach (var output in node.Output.Where(output => output.Length > 0))
            {
                makers.TryAdd(output, place);
            }
        }

        int[][] before = [.. graph.Node.Select((node, place) => NodeReads.Of(node)
            .Select(name => makers.GetValueOrDefault(name, -1)).Where(maker => maker >= 0 && maker != place)
            .ToArray())];
        if (before.Index().All(node => node.Item.All(maker => maker < node.Index)))
        {
            return;
        }

        var order = Order(before);
        if (order.Count == before.Length)
        {
            NodeProto[] sorted = [.. order.Select(place => graph.Node[place])];
            graph.Node.Clear();
            graph.Node.Add(sorted);
        }
    }

    // What a node reads goes right before it. Chains are as deep as graphs are long, so nothing calls itself. Fewer
    // than all where nodes read each other.
    private static List<int> Order(int[][] before)
    {
        var order = new List<int>(before.Length);
        var (read, isOpen) = (new int[before.Length], new bool[before.Length]);
        var open = new Stack<int>();
        for (var start = 0; start < before.Length; start++)
        {
            if (!isOpen[start])
            {
                isOpen[start] = true;
                open.Push(start);
            }

            while (open.TryPeek(out var node))
            {
                if (read[node] == before[node].Length)
                {
                    order.Add(open.Pop());
                }
                else if (before[node][read[node]++] is var maker && !isOpen[maker])
                {
                    isOpen[maker] = true;
                    open.Push(maker);
                }
            }
        }

        var places = new int[before.Length];
        foreach (var (place, node) in order.Index())
        {
            places[node] = place;
        }

        return before.Index().All(node => node.Item.All(maker => places[maker] < places[node.Index])) ? order : [];
    }
}
