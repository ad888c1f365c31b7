using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Refinement;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry.Reports;

/// <summary>Why a label stays where it is: the nearest pin that it hangs on through others that stay.</summary>
internal sealed class PinReasons(SegmentGraph segments, Adjacency graph, NodeClasses classes)
{
    private const int MostNodesVisited = 20_000;

    public string Of(int label)
    {
        var node = segments.Of(label).Node;
        var seen = new HashSet<int> { node };
        var queue = new Queue<int>([node]);
        while (queue.TryDequeue(out var current) && seen.Count < MostNodesVisited)
        {
            if (PinKinds.Reason(segments.Nodes.Kinds.Name(segments.Nodes.Runs.KindOf(current))) is { } reason)
            {
                return reason;
            }

            foreach (var neighbour in graph.Neighbours(current))
            {
                if (classes.SizeOfNode(neighbour) == 1 && seen.Add(neighbour))
                {
                    queue.Enqueue(neighbour);
                }
            }
        }

        return "its place in the graph is like no other";
    }
}
