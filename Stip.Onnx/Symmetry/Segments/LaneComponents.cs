namespace Stip.Onnx.Symmetry.Segments;

/// <summary>
/// Segments of several lanes that hang together lane by lane: their lanes move as one, by any permutation, unless one
/// of them is held by places. What no output hangs on stays, for nothing would be hidden by moving it.
/// </summary>
internal sealed class LaneComponents
{
    private readonly int[] _parents;
    private readonly HashSet<int> _held = [];

    public LaneComponents(SegmentGraph graph)
    {
        _parents = [.. Enumerable.Range(0, graph.Count)];
        for (var node = 0; node < graph.Count; node++)
        {
            foreach (var child in graph.Nodes.Runs.Children(node))
            {
                if (graph.Lanes(node) > 1 && graph.Lanes(child.Start) > 1)
                {
                    _parents[Of(node)] = Of(child.Start);
                }
            }
        }

        for (var node = 0; node < graph.Count; node++)
        {
            if (graph.Lanes(node) > 1 && (graph.Nodes.IsPlace(node) || graph.Nodes.IsDropped(node)))
            {
                _held.Add(Of(node));
            }
        }
    }

    /// <summary>A node that stands for all of the component.</summary>
    public int Of(int node)
    {
        while (_parents[node] != node)
        {
            node = _parents[node] = _parents[_parents[node]];
        }

        return node;
    }

    /// <summary>True where the lanes of a node stay where they are.</summary>
    public bool IsHeld(int node) => _held.Contains(Of(node));
}
