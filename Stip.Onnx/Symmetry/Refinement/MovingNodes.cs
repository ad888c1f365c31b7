using System.Security.Cryptography;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// The nodes that look like others: only they can move. One that is like no other stays, and is tied to all members of
/// a class alike, so it decides nothing.
/// </summary>
internal sealed class MovingNodes
{
    private readonly int[] _nodes;
    private readonly int[] _members;
    private readonly int[] _ends;
    private readonly int _all;

    /// <param name="graph">The edges of all nodes; only those between nodes that may move are left.</param>
    /// <param name="classes">Which nodes look alike.</param>
    public MovingNodes(Adjacency graph, NodeClasses classes)
    {
        _all = graph.Count;
        _nodes = [.. Enumerable.Range(0, _all).Where(node => !classes.IsAlone(node))];
        var ids = new int[_all];
        Array.Fill(ids, -1);
        for (var id = 0; id < _nodes.Length; id++)
        {
            ids[_nodes[id]] = id;
        }

        graph.Narrow(_nodes, ids);
        Graph = graph;
        _members = new int[_nodes.Length];
        var (ends, next) = (new List<int>(), 0);
        foreach (var members in classes.Several())
        {
            // A segment becomes one of as many lanes, whatever looks alike cell by cell.
            int[] moved = Array.ConvertAll(members, node => ids[node]);
            Array.Sort(Array.ConvertAll(moved, graph.Lanes), moved);
            moved.CopyTo(_members, next);
            ends.Add(next += moved.Length);
        }

        _ends = [.. ends];
    }

    /// <summary>The edges between them, under numbers of their own.</summary>
    public Adjacency Graph { get; }

    public int ClassCount => _ends.Length;

    /// <summary>The members of a class, by numbers of lanes.</summary>
    public ReadOnlySpan<int> Class(int number) =>
        _members.AsSpan((number == 0 ? 0 : _ends[number - 1]).._ends[number]);

    /// <summary>Draws an automorphism.</summary>
    /// <returns>For every node of the whole graph the node that it becomes, and the size of the choice in
    /// bits.</returns>
    public (int[] Targets, double Bits) Draw(RandomNumberGenerator random)
    {
        var (targets, bits) = AutomorphismSearch.Draw(this, random);
        int[] all = [.. Enumerable.Range(0, _all)];
        for (var id = 0; id < _nodes.Length; id++)
        {
            all[_nodes[id]] = _nodes[targets[id]];
        }

        return (all, bits);
    }
}
