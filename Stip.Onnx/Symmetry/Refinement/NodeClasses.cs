using Stip.Onnx.Symmetry.Nodes;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// The classes of the first refinement: nodes that nothing tells apart. Only members of one class can trade places,
/// and in
/// these graphs they nearly always can.
/// </summary>
internal sealed class NodeClasses
{
    private readonly Partition _partition;

    private NodeClasses(Partition partition) => _partition = partition;

    public int NodeCount => _partition.ItemCount;

    public static NodeClasses Find(NodeStore store, Adjacency graph)
    {
        var nodes = new int[store.Count];
        var kinds = new int[store.Count];
        var lengths = new int[store.Kinds.Count];
        for (var node = 0; node < nodes.Length; node++)
        {
            (nodes[node], kinds[node]) = (node, store.KindOf(node));
            lengths[kinds[node]]++;
        }

        Array.Sort(kinds, nodes);
        var partition = new Partition(nodes, lengths.Where(length => length > 0));
        var refiner = new Refiner(graph, partition);
        foreach (var cell in partition.Cells())
        {
            refiner.Enqueue(cell);
        }

        refiner.Run();
        return new NodeClasses(partition);
    }

    /// <summary>One number for each class; nodes of one class have the same.</summary>
    public int ClassOf(int node) => _partition.CellOf(node);

    public int Size(int node) => _partition.Length(_partition.CellOf(node));

    /// <summary>The members of each class.</summary>
    public IEnumerable<int[]> Members() => _partition.Cells().Select(cell => _partition.Items(cell).ToArray());
}
