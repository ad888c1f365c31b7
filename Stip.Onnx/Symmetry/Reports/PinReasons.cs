using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Refinement;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Why a node stays where it is: the nearest pin that it hangs on through other nodes that stay.</summary>
internal sealed class PinReasons(NodeStore store, Adjacency graph, NodeClasses classes)
{
    private const int MostNodesVisited = 20_000;

    public string Of(int node)
    {
        var seen = new HashSet<int> { node };
        var queue = new Queue<int>([node]);
        while (queue.TryDequeue(out var current) && seen.Count < MostNodesVisited)
        {
            if (PinKinds.Reason(store.Kinds.Name(store.KindOf(current))) is { } reason)
            {
                return reason;
            }

            foreach (var neighbour in graph.Neighbours(current))
            {
                if (classes.Size(neighbour) == 1 && seen.Add(neighbour))
                {
                    queue.Enqueue(neighbour);
                }
            }
        }

        return "its place in the graph is like no other";
    }
}
