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
    private readonly Partition _partition;
    private readonly int[] _sizes;
    private readonly int[] _classes;

    private NodeClasses(SegmentGraph graph, LaneComponents components, Partition partition)
    {
        _graph = graph;
        _components = components;
        _partition = partition;
        _sizes = new int[partition.ItemCount];
        _classes = new int[partition.ItemCount];
        var next = 0;
        foreach (var cell in partition.Cells())
        {
            _classes[cell] = next;
            var nodes = partition.Items(cell);
            var isHeld = components.IsHeld(nodes[0]);
            foreach (var node in nodes)
            {
                _sizes[cell] += isHeld ? 1 : graph.Lanes(node);
            }

            next += isHeld ? graph.Lanes(nodes[0]) : 1;
        }
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
        var partition = new Partition(nodes, lengths.Where(length => length > 0));
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
        _classes[_partition.CellOf(node)] + (_components.IsHeld(node) ? lane : 0);

    /// <summary>How many labels are in the class of a label; equal expressions count once.</summary>
    public int Size(int label) => SizeOfNode(_graph.Of(label).Node);

    /// <summary>How many labels are in the class of each lane of a node of the segment graph.</summary>
    public int SizeOfNode(int node) => _sizes[_partition.CellOf(node)];

    /// <summary>True where the lanes of a node are told apart by their places.</summary>
    public bool IsHeld(int node) => _components.IsHeld(node);

    /// <summary>True where no other node of the segment graph looks like it.</summary>
    public bool IsAlone(int node) => _partition.Length(_partition.CellOf(node)) == 1;

    /// <summary>The nodes of the segment graph whose lanes nothing tells apart.</summary>
    public IEnumerable<int[]> Members() => _partition.Cells().Select(cell => _partition.Items(cell).ToArray());
}
