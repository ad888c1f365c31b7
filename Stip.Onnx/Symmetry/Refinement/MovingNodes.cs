using System.Security.Cryptography;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// The nodes that look like others: only they can move. One that is like no other stays, and is tied to all members of
/// a class alike, so it decides nothing. What is left falls into parts (the heads of one layer, say) that are drawn one
/// after the other, so that a draw takes the memory of the largest.
/// </summary>
internal sealed class MovingNodes
{
    private readonly int[] _nodes;
    private readonly int[] _members;
    private readonly int[] _ends;
    private readonly int[][] _parts;
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
        _parts = Parts();
    }

    /// <summary>The edges between them, under numbers of their own.</summary>
    public Adjacency Graph { get; }

    /// <summary>How many parts are drawn apart.</summary>
    public int PartCount => _parts.Length;

    /// <summary>Draws an automorphism.</summary>
    /// <returns>For every node of the whole graph the node that it becomes, and the size of the choice in
    /// bits.</returns>
    public (int[] Targets, double Bits) Draw(RandomNumberGenerator random)
    {
        int[] all = [.. Enumerable.Range(0, _all)];
        var (ids, sum) = (new int[_nodes.Length], 0.0);
        foreach (var classes in _parts)
        {
            int[] nodes = _parts.Length == 1 ? [.. Enumerable.Range(0, _nodes.Length)]
                : [.. classes.SelectMany(number => Class(number).ToArray())];
            var (targets, bits) = AutomorphismSearch.Draw(Part(classes, nodes, ids), random);
            for (var id = 0; id < nodes.Length; id++)
            {
                all[_nodes[nodes[id]]] = _nodes[nodes[targets[id]]];
            }

            sum += bits;
        }

        return (all, sum);
    }

    private ReadOnlySpan<int> Class(int number) =>
        _members.AsSpan((number == 0 ? 0 : _ends[number - 1]).._ends[number]);

    // Nodes get numbers in the order of their classes; where all is one part, they keep theirs.
    private MovingPart Part(int[] classes, int[] nodes, int[] ids)
    {
        if (_parts.Length == 1)
        {
            return new MovingPart(Graph, _members, _ends);
        }

        for (var id = 0; id < nodes.Length; id++)
        {
            ids[nodes[id]] = id;
        }

        var (ends, end) = (new int[classes.Length], 0);
        for (var i = 0; i < classes.Length; i++)
        {
            ends[i] = end += Class(classes[i]).Length;
        }

        return new MovingPart(Graph.Among(nodes, ids), [.. Enumerable.Range(0, nodes.Length)], ends);
    }

    // The classes of each part: what is tied by an edge or looks alike is in one.
    private int[][] Parts()
    {
        var parents = new int[_ends.Length];
        var classes = new int[_nodes.Length];
        for (var number = 0; number < parents.Length; number++)
        {
            parents[number] = number;
            foreach (var node in Class(number))
            {
                classes[node] = number;
            }
        }

        for (var node = 0; node < classes.Length; node++)
        {
            foreach (var neighbour in Graph.Neighbours(node))
            {
                parents[Of(classes[node])] = Of(classes[neighbour]);
            }
        }

        return [.. Enumerable.Range(0, parents.Length).GroupBy(Of).Select(part => part.ToArray())];

        int Of(int number)
        {
            while (parents[number] != number)
            {
                number = parents[number] = parents[parents[number]];
            }

            return number;
        }
    }
}
