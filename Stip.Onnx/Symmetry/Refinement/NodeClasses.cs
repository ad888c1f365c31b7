using System.Collections;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// The classes of the first refinement: labels that nothing tells apart. Only members of one class can trade places,
/// and in these graphs they nearly always can.
/// </summary>
internal sealed class NodeClasses
{
    private readonly SegmentGraph _graph;
    private readonly LaneComponents _components;
    private readonly int[] _sizes;
    private readonly int[] _classes;
    private readonly BitArray _isAlone;
    private readonly int[] _members;
    private readonly int[] _ends;

    private NodeClasses(SegmentGraph graph, LaneComponents components, Partition partition)
    {
        _graph = graph;
        _components = components;
        _sizes = new int[partition.ItemCount];
        _classes = new int[partition.ItemCount];
        _isAlone = new BitArray(partition.ItemCount);
        var (next, members, ends) = (0, new List<int>(), new List<int>());
        foreach (var cell in partition.Cells())
        {
            var nodes = partition.Items(cell);
            var isHeld = components.IsHeld(nodes[0]);
            var size = 0;
            foreach (var node in nodes)
            {
                size += isHeld ? 1 : graph.Lanes(node);
            }

            foreach (var node in nodes)
            {
                (_classes[node], _sizes[node], _isAlone[node]) = (next, size, nodes.Length == 1);
            }

            next += isHeld ? graph.Lanes(nodes[0]) : 1;
            if (nodes.Length > 1)
            {
                members.AddRange(nodes);
                ends.Add(members.Count);
            }
        }

        (_members, _ends) = ([.. members], [.. ends]);
    }

    public static NodeClasses Find(SegmentGraph graph, LaneComponents components, Adjacency adjacency)
    {
        var nodes = new int[graph.Count];
        var kinds = new int[graph.Count];
        var lengths = new int[graph.Nodes.Kinds.Count];
        for (var node = 0; node < nodes.Length; node++)
        {
            (nodes[node], kinds[node]) = (node, graph.Nodes.Runs.KindOf(node));
            lengths[kinds[node]]++;
        }

        Array.Sort(kinds, nodes);
        var partition = new Partition(nodes, lengths.Where(length => length > 0), canUndo: false);
        var refiner = new Refiner(adjacency, partition);
        foreach (var cell in partition.Cells())
        {
            refiner.Enqueue(cell);
        }

        refiner.Run();
        return new NodeClasses(graph, components, partition);
    }

    /// <summary>One number for each class; labels of one class have the same.</summary>
    public int ClassOf(int label)
    {
        var (node, lane) = _graph.Of(label);
        return ClassOf(node, lane);
    }

    /// <summary>The class of a lane of a node of the segment graph.</summary>
    public int ClassOf(int node, int lane) =>
        _classes[node] + (_components.IsHeld(node) ? lane : 0);

    /// <summary>How many labels are in the class of a label; equal expressions count once.</summary>
    public int Size(int label) => SizeOfNode(_graph.Of(label).Node);

    /// <summary>How many labels are in the class of each lane of a node of the segment graph.</summary>
    public int SizeOfNode(int node) => _sizes[node];

    /// <summary>True where the lanes of a node are told apart by their places.</summary>
    public bool IsHeld(int node) => _components.IsHeld(node);

    /// <summary>True where no other node of the segment graph looks like it.</summary>
    public bool IsAlone(int node) => _isAlone[node];

    /// <summary>The nodes of the segment graph whose lanes nothing tells apart.</summary>
    public IEnumerable<int[]> Members() =>
        Enumerable.Range(0, _graph.Count).Where(IsAlone).Select(node => new[] { node }).Concat(Several());

    /// <summary>The same without those that look like no other.</summary>
    public IEnumerable<int[]> Several() => _ends
        .Select((end, number) => _members[(number == 0 ? 0 : _ends[number - 1])..end]);
}
