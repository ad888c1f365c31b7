using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Segments;

/// <summary>
/// The expression graph with runs cut into segments, a node for each: two segments that meet have one lane for one
/// lane, or one of them has a single lane that meets all of the other. Equal segments are one node.
/// </summary>
internal sealed class SegmentGraph
{
    private readonly int[] _starts;
    private readonly int[] _nodes;
    private readonly int[] _lanes;
    private readonly int[] _firsts;
    private int _lastFound;

    public SegmentGraph(NodeStore store)
    {
        _starts = Cuts.Find(store.Runs);
        _nodes = new int[_starts.Length];
        Nodes = new NodeStore(longestRun: 1, store.Kinds);
        Nodes.Runs.Reserve(_starts.Length);
        (_lanes, _firsts) = (new int[_starts.Length], new int[_starts.Length]);
        var (children, count) = (new List<int>(), 0);
        for (int segment = 0, run = 0; segment < _starts.Length; segment++)
        {
            var start = _starts[segment];
            var end = segment + 1 < _starts.Length ? _starts[segment + 1] : store.Count;
            run = start < store.Runs.End(run) ? run : run + 1;
            Collect(store.Runs, run, start, children);
            _nodes[segment] = Make(store, run, start - store.Runs.First(run), end - start, [.. children]);
            if (Nodes.Count > count)
            {
                (_lanes[count], _firsts[count++]) = (end - start, start);
            }
        }

        Array.Resize(ref _lanes, count);
        Array.Resize(ref _firsts, count);
        Nodes.Seal();
    }

    /// <summary>One node for each segment; labels of this store are node numbers.</summary>
    public NodeStore Nodes { get; }

    public int Count => Nodes.Count;

    public int Lanes(int node) => _lanes[node];

    /// <summary>Lanes of all nodes.</summary>
    public int[] LaneCounts => _lanes;

    /// <summary>The node of a label, and the label's lane in it.</summary>
    public (int Node, int Lane) Of(int label)
    {
        var segment = SegmentOf(label);
        return (_nodes[segment], label - _starts[segment]);
    }

    /// <summary>The label of a lane; where several segments became one node, that of the first.</summary>
    public int LabelOf(int node, int lane) => _firsts[node] + lane;

    private int SegmentOf(int label)
    {
        var last = _lastFound;
        if (_starts[last] <= label && (last + 1 == _starts.Length || label < _starts[last + 1]))
        {
            return last;
        }

        var place = Array.BinarySearch(_starts, label);
        return _lastFound = place >= 0 ? place : ~place - 1;
    }

    private void Collect(RunTable runs, int run, int start, List<int> children)
    {
        children.Clear();
        foreach (var child in runs.Children(run))
        {
            if (runs.Lanes(run) > 1)
            {
                children.Add(Child(child.Count > 1 ? child.Start + start - runs.First(run) : child.Start));
                continue;
            }

            for (var i = SegmentOf(child.Start); i < _starts.Length && _starts[i] < child.End; i++)
            {
                children.Add(_nodes[i]);
            }
        }
    }

    // Cuts are the same along lanes, so a child starts where its parent does.
    private int Child(int label)
    {
        var segment = SegmentOf(label);
        return _starts[segment] == label
            ? _nodes[segment]
            : throw new InvalidOperationException($"label {label} is used alone and was not cut out");
    }

    private int Make(NodeStore store, int run, int lane, int lanes, int[] children)
    {
        var (kind, traits) = (store.Runs.KindOf(run), store.Runs.TraitsOf(run));
        if (traits.HasFlag(RunTraits.Places))
        {
            return Nodes.Ordered(store.PlaceKind(lane, lanes));
        }

        return traits.HasFlag(RunTraits.Fresh) ? Nodes.Fresh(kind, children)
            : traits.HasFlag(RunTraits.Ordered) || traits == RunTraits.Dropped ? Nodes.Ordered(kind, children)
            : lanes > 1 ? Nodes.LaneByLane(kind, children)
            : Nodes.Unordered(kind, children);
    }
}
