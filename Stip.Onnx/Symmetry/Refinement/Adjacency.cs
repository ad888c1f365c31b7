using Stip.Onnx.Symmetry.Nodes;
using Stip.Onnx.Symmetry.Segments;

namespace Stip.Onnx.Symmetry.Refinement;

/// <summary>
/// Both directions of the expression graph in flat arrays. Every edge carries a weight that depends on its direction
/// and on
/// the place of the child; sums of weights are how a node's neighbourhood is told from another's.
/// </summary>
internal sealed class Adjacency
{
    private readonly int[] _starts;
    private readonly int[] _neighbours;
    private readonly ulong[] _weightOfRole;
    private readonly int[] _roles;
    private readonly int[] _lanes;

    public Adjacency(SegmentGraph graph)
    {
        var runs = graph.Nodes.Runs;
        Count = graph.Count;
        _lanes = [.. Enumerable.Range(0, Count).Select(graph.Lanes)];
        _starts = new int[Count + 1];
        var widest = 0;
        for (var node = 0; node < Count; node++)
        {
            var children = runs.Children(node);
            widest = IsOrdered(runs, node) ? Math.Max(widest, children.Length) : widest;
            _starts[node + 1] += children.Length;
            foreach (var child in children)
            {
                _starts[child.Start + 1]++;
            }
        }

        for (var node = 0; node < Count; node++)
        {
            _starts[node + 1] += _starts[node];
        }

        _neighbours = new int[_starts[Count]];
        _roles = new int[_starts[Count]];
        Fill(runs);
        _weightOfRole = new ulong[2 * (widest + 2)];
        for (var role = 0; role < _weightOfRole.Length; role++)
        {
            _weightOfRole[role] = Mix((ulong)role + 1);
        }
    }

    // The part of a graph that some of its nodes are.
    private Adjacency(Adjacency graph, int[] nodes, int[] ids)
    {
        Count = nodes.Length;
        _lanes = Array.ConvertAll(nodes, graph.Lanes);
        _weightOfRole = graph._weightOfRole;
        _starts = new int[Count + 1];
        for (var id = 0; id < Count; id++)
        {
            var within = 0;
            foreach (var neighbour in graph.Neighbours(nodes[id]))
            {
                within += ids[neighbour] >= 0 ? 1 : 0;
            }

            _starts[id + 1] = _starts[id] + within;
        }

        (_neighbours, _roles) = (new int[_starts[Count]], new int[_starts[Count]]);
        var next = 0;
        foreach (var node in nodes)
        {
            var neighbours = graph.Neighbours(node);
            var roles = graph.Roles(node);
            for (var i = 0; i < neighbours.Length; i++)
            {
                if (ids[neighbours[i]] is >= 0 and var id)
                {
                    (_neighbours[next], _roles[next++]) = (id, roles[i]);
                }
            }
        }
    }

    public int Count { get; }

    /// <summary>The graph of some nodes and of the edges between them.</summary>
    /// <param name="nodes">The nodes, which get new numbers in this order.</param>
    /// <param name="ids">The new number of every node, -1 for those that are left out.</param>
    public Adjacency Among(int[] nodes, int[] ids) => new(this, nodes, ids);

    /// <summary>Neighbours of a node, children and parents.</summary>
    public ReadOnlySpan<int> Neighbours(int node) => _neighbours.AsSpan(_starts[node].._starts[node + 1]);

    /// <summary>For each neighbour the role of the edge, which also says its direction.</summary>
    public ReadOnlySpan<int> Roles(int node) => _roles.AsSpan(_starts[node].._starts[node + 1]);

    /// <summary>The weight that an edge of that role adds to the neighbour.</summary>
    public ulong WeightOf(int role) => _weightOfRole[role];

    /// <summary>How many cells a node stands for.</summary>
    public int Lanes(int node) => _lanes[node];

    /// <summary>How many cells of a node each cell of a neighbour meets.</summary>
    public int Meets(int neighbour, int node) => _lanes[neighbour] == 1 ? _lanes[node] : 1;

    /// <summary>Spreads a small number over all bits.</summary>
    public static ulong Mix(ulong value)
    {
        value *= 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private static bool IsOrdered(RunTable runs, int node) => runs.TraitsOf(node).HasFlag(RunTraits.Ordered);

    private void Fill(RunTable runs)
    {
        var next = _starts.AsSpan(0, Count).ToArray();
        for (var node = 0; node < Count; node++)
        {
            var children = runs.Children(node);
            var isOrdered = IsOrdered(runs, node);
            for (var i = 0; i < children.Length; i++)
            {
                var place = isOrdered ? i + 1 : 0;
                Put(node, children[i].Start, 2 * place);
                Put(children[i].Start, node, (2 * place) + 1);
            }
        }

        void Put(int from, int to, int role)
        {
            _neighbours[next[from]] = to;
            _roles[next[from]++] = role;
        }
    }
}
