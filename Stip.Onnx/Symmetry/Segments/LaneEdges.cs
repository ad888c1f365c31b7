using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Segments;

/// <summary>For every run the runs that use its lanes one by one, by where in it they start.</summary>
internal sealed class LaneEdges
{
    private readonly int[] _ends;
    private readonly LaneEdge[] _edges;
    private readonly int[] _reaches;

    public LaneEdges(RunTable runs)
    {
        _ends = new int[runs.Count + 1];
        Visit(runs, (child, _) => _ends[child + 1]++);
        for (var run = 0; run < runs.Count; run++)
        {
            _ends[run + 1] += _ends[run];
        }

        _edges = new LaneEdge[_ends[runs.Count]];
        var next = _ends.AsSpan(0, runs.Count).ToArray();
        Visit(runs, (child, edge) => _edges[next[child]++] = edge);
        _reaches = new int[_edges.Length];
        for (var run = 0; run < runs.Count; run++)
        {
            Sort(_ends[run], _ends[run + 1]);
        }
    }

    /// <summary>Adds the labels of parents whose child is <paramref name="label"/>, but for those of a first
    /// lane.</summary>
    public void ParentsWithin(int run, int label, List<int> parents)
    {
        var (low, high) = (_ends[run], _ends[run + 1]);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _edges[middle].Child < label ? (middle + 1, high) : (low, middle);
        }

        for (var i = low - 1; i >= _ends[run] && _reaches[i] > label; i--)
        {
            var edge = _edges[i];
            if (edge.Child + edge.Lanes > label)
            {
                parents.Add(edge.Parent + label - edge.Child);
            }
        }
    }

    private static void Visit(RunTable runs, Action<int, LaneEdge> visit)
    {
        for (var run = 0; run < runs.Count; run++)
        {
            var lanes = runs.Lanes(run);
            foreach (var child in runs.Children(run))
            {
                if (lanes > 1 && child.Count > 1)
                {
                    visit(runs.RunOf(child.Start), new LaneEdge(child.Start, runs.First(run), lanes));
                }
            }
        }
    }

    // How far any edge up to here reaches tells a search to the left when to stop.
    private void Sort(int start, int end)
    {
        _edges.AsSpan(start, end - start).Sort((left, right) => left.Child.CompareTo(right.Child));
        var reach = 0;
        for (var i = start; i < end; i++)
        {
            _reaches[i] = reach = Math.Max(reach, _edges[i].Child + _edges[i].Lanes);
        }
    }
}
